"""What the page of a check shows of the `ping` kind."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from emeter_core.monitors.kinds.ping import PING
from emeter_web.charts.phases import DNS, WAIT, WORDS, Words
from emeter_web.shown.kinds.base import ShownKind


class ShownPing(ShownKind):
    """Each packet."""

    took = "look-up and mean round trip"
    phases: ClassVar[Words] = {DNS: WORDS[DNS], WAIT: "Round trip"}

    def way(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """How many came back, and how soon."""
        yield from PING.facts(evidence)
