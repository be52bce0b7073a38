"""What a kind may add to the page of a check."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from emeter_core.monitors.kinds import KindSettings
from emeter_core.outcome import Reason
from emeter_web.charts.phases import WORDS, Words
from emeter_web.shown.message import Message


class ShownKind:
    """What is the same for most kinds; each one overrides what it knows better."""

    has_code = False
    """Whether an answer begins with a status code."""
    took = "from look-up to last byte"
    """What the time of a check is the time of."""
    phases: ClassVar[Words] = WORDS
    """The phases that a check of this kind may have."""

    def request(self, settings: KindSettings, url: str) -> Message | None:  # noqa: ARG002 - for kinds that ask something
        """What was asked first; what people keep credentials in is named, never shown."""
        return None

    def answer(self, reason: Reason, evidence: Mapping[str, Any]) -> Message | None:  # noqa: ARG002 - the same
        """What came back; None where nothing did."""
        return None

    def wanted(self, settings: KindSettings | None, url: str, evidence: Mapping[str, Any]) -> Words:  # noqa: ARG002 - the same
        """The phases that a check was to go through, as far as that is known."""
        return self.phases

    def way(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: ARG002 - the same
        """What else is known of the way there, besides error, address and certificate."""
        yield from ()
