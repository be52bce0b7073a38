"""What the page of a check shows of the `tcp` kind."""

from collections.abc import Mapping
from typing import Any

from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.tcp import TcpSettings
from emeter_core.outcome import Reason
from emeter_web.charts.phases import CONNECT, DNS, TLS, WORDS, Words
from emeter_web.shown.kinds.base import ShownKind
from emeter_web.shown.message import HIDDEN, Message, text_in


class ShownTcp(ShownKind):
    """What was said and what was heard."""

    def request(self, settings: KindSettings, url: str) -> Message | None:
        """Where to, and what was to be said and heard there."""
        if not isinstance(settings, TcpSettings):
            return None
        said = (("Send", HIDDEN),) if settings.send else ()
        expected = (("Expect", settings.expect),) if settings.expect else ()
        return Message(url, (*said, *expected))

    def wanted(self, settings: KindSettings | None, url: str, evidence: Mapping[str, Any]) -> Words:  # noqa: ARG002 - settings tell it
        """A connection, TLS and an answer only where the settings want them."""
        known = settings if isinstance(settings, TcpSettings) else TcpSettings()
        return {
            phase: word
            for phase, word in WORDS.items()
            if phase in {DNS, CONNECT} or (known.tls if phase == TLS else known.expect)
        }

    def answer(self, reason: Reason, evidence: Mapping[str, Any]) -> Message | None:
        """What was heard, its first line before the others."""
        line, _, rest = text_in(evidence, "body").partition("\n")
        return Message(line, body=rest, is_bad=reason is Reason.ANSWER_UNEXPECTED) if line or rest else None
