"""The probe of the `ping` kind."""

from typing import ClassVar

from emeter_checker.kinds.addresses import TRY_NEXT
from emeter_checker.kinds.base import Services
from emeter_checker.kinds.looped import Errand, LoopedProbe
from emeter_checker.kinds.ping.packets import V4, V6, Version, as_answered
from emeter_checker.kinds.ping.pinger import Pinger
from emeter_checker.kinds.ping.round import Round
from emeter_core.monitors.kinds.ping import PingSettings
from emeter_core.outcome import Outcome, Reason


class PingProbe(LoopedProbe[PingSettings]):
    """Pings hosts, all through one socket for each IP version, which is opened when it is first needed."""

    kind: ClassVar[str] = "ping"
    settings = PingSettings

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._pingers: dict[Version, Pinger] = {}

    async def work(self, errand: Errand[PingSettings]) -> Outcome:
        """Ping the first address that packets can be sent to."""
        outcomes = []
        for address in map(as_answered, errand.addresses):
            outcome = await Round(errand, address, self._pinger).run()
            outcomes.append(outcome)
            if outcome.reason not in TRY_NEXT:
                return outcome
        told = [outcome for outcome in outcomes if outcome.reason is not Reason.NETWORK_UNAVAILABLE]
        return (told or outcomes)[0]

    def close(self) -> None:
        """Close the sockets."""
        for pinger in self._pingers.values():
            pinger.close()

    def _pinger(self, address: str) -> Pinger:
        """The pinger for this address; raises Forbidden or OSError. What was refused is asked for anew."""
        version = V6 if ":" in address else V4
        if version not in self._pingers:
            self._pingers[version] = Pinger(version)
        return self._pingers[version]
