"""What the page of a check shows of the `heartbeat` kind."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from emeter_core.monitors.kinds.heartbeat import HEARTBEAT
from emeter_core.outcome import Reason
from emeter_web.charts.phases import TRANSFER, Words
from emeter_web.shown.kinds.base import ShownKind
from emeter_web.shown.message import Message, text_in


class ShownHeartbeat(ShownKind):
    """What the job said, or when it should have."""

    took = "the run, where its start was told"
    phases: ClassVar[Words] = {TRANSFER: "Run"}

    def answer(self, reason: Reason, evidence: Mapping[str, Any]) -> Message | None:
        """What came with the ping."""
        line, _, rest = text_in(evidence, "body").partition("\n")
        return Message(line, body=rest, is_bad=reason is Reason.RUN_FAILED) if line or rest else None

    def way(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The exit code, and what was expected when."""
        yield from HEARTBEAT.facts(evidence)
