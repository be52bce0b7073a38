"""What the page of a check shows of the `http` kind."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_core.outcome import Reason
from emeter_web.charts.phases import TLS, WORDS, Words
from emeter_web.shown.kinds.base import ShownKind
from emeter_web.shown.message import HIDDEN, Message, number_in, text_in


class ShownHttp(ShownKind):
    """The request, the answer, and the redirects between them."""

    has_code = True

    def request(self, settings: KindSettings, url: str) -> Message | None:
        """The first request."""
        parts = _split(url)
        if parts is None or not isinstance(settings, HttpSettings):
            return None
        host, path = parts
        hidden = tuple((name, HIDDEN) for name, _ in settings.headers)
        body = HIDDEN if settings.body else ""
        return Message(f"{settings.method} {path}", (("Host", host), *hidden), body)

    def wanted(self, settings: KindSettings | None, url: str, evidence: Mapping[str, Any]) -> Words:  # noqa: ARG002 - the URLs tell it
        """All of them, TLS only where the URL or where it led to wants it."""
        urls = (url, text_in(evidence, "final_url"))
        is_secure = any(each.lower().startswith("https://") for each in urls)
        return {phase: word for phase, word in WORDS.items() if phase != TLS or is_secure}

    def answer(self, reason: Reason, evidence: Mapping[str, Any]) -> Message | None:
        """The last answer."""
        code = number_in(evidence, "code")
        fields = tuple(_pairs(evidence.get("headers")))
        body = text_in(evidence, "body")
        if not code and not fields and not body:
            return None
        # What the server itself said of the code, where that was kept.
        line = text_in(evidence, "said") or _status_line(code)
        return Message(line, fields, body, is_bad=reason is Reason.UNEXPECTED_CODE)

    def way(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The redirects."""
        found = evidence.get("redirects")
        hops = [hop for hop in found if isinstance(hop, dict)] if isinstance(found, list) else []
        for hop in hops:
            yield "Redirect", f"{hop.get('code', '')} from {hop.get('url', '')}"
        if final := text_in(evidence, "final_url"):
            yield "Ended at", final
        elif evidence and not hops:
            yield "Redirects", "none"


def _status_line(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code or "")


def _pairs(found: object) -> Iterator[tuple[str, str]]:
    for pair in found if isinstance(found, list) else []:
        if isinstance(pair, list) and len(pair) == len(("name", "value")):
            yield str(pair[0]), str(pair[1])


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path or "/"
    return parts.netloc, f"{path}?{parts.query}" if parts.query else path
