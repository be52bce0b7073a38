"""The probe of the `tcp` kind."""

from typing import ClassVar

from emeter_checker.kinds.looped import Errand, LoopedProbe
from emeter_checker.kinds.tcp.talk import Talk
from emeter_core.monitors.kinds.tcp import TcpSettings
from emeter_core.outcome import Outcome


class TcpProbe(LoopedProbe[TcpSettings]):
    """Talks with a port."""

    kind: ClassVar[str] = "tcp"
    settings = TcpSettings

    async def work(self, errand: Errand[TcpSettings]) -> Outcome:
        """Connect, and say and hear what the settings name."""
        return await Talk(errand, self.services.ca_file).run()
