"""What a check asked and got, as its page shows it: the request without its secrets, the answer, the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_core.outcome import Phases, Reason
from emeter_web.charts.phases import failed_phase
from emeter_web.formats import day, length

HIDDEN = "[hidden]"
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its header fields, its body."""

    line: str
    fields: Fields = ()
    body: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to see of one check.

    `failed` is the phase (from 0) in which it broke, `answer` None where none came.
    """

    phases: Phases
    failed: int | None
    request: Message | None
    answer: Message | None
    way: Fields

    @property
    def has_times(self) -> bool:
        """Whether there is anything to draw: a check that never began has no phases."""
        return self.failed is not None or self.phases.total > 0


def evidence_of(
    reason: Reason,
    phases: Phases,
    evidence: Mapping[str, Any],
    *,
    settings: KindSettings | None = None,
    target: str = "",
    now: datetime,
) -> Evidence:
    """Put together what a page shows; `settings` and `target` are those of the monitor as it is now."""
    url = _text(evidence, "url") or target
    return Evidence(
        phases=phases,
        failed=failed_phase(reason, phases),
        request=request_of(settings, url) if settings is not None and url else None,
        answer=_answer(reason, evidence),
        way=tuple(_way(evidence, now)),
    )


def request_of(settings: KindSettings, url: str) -> Message | None:
    """The first request; what people keep credentials in is named, never shown."""
    if not isinstance(settings, HttpSettings):
        return None
    parts = _split(url)
    if parts is None:
        return None
    host, path = parts
    hidden = tuple((name, HIDDEN) for name, _ in settings.headers)
    body = HIDDEN if settings.body else ""
    return Message(f"{settings.method} {path}", (("Host", host), *hidden), body)


def phases_of(evidence: Mapping[str, Any]) -> Phases:
    """The phases that evidence holds, in microseconds."""
    found = evidence.get("phases")
    known = found if isinstance(found, dict) else {}
    return Phases(**{name: _number(known.get(name)) for name in Phases._fields})


def certificate_ends(ends_at: datetime, now: datetime) -> str:
    """How long a certificate holds: `23 Jan 2027, in 61 d`."""
    until = f"{ends_at.day} {ends_at:%b %Y}"
    return (
        f"{until}, in {length(ends_at - now)}" if ends_at > now else f"{until}, expired {day(ends_at, now)}"
    )


def _answer(reason: Reason, evidence: Mapping[str, Any]) -> Message | None:
    code = _number(evidence.get("code"))
    fields = tuple(_pairs(evidence.get("headers")))
    body = _text(evidence, "body")
    if not code and not fields and not body:
        return None
    # What the server itself said of the code, where that was kept.
    line = _text(evidence, "said") or _status_line(code)
    return Message(line, fields, body, is_bad=reason is Reason.UNEXPECTED_CODE)


def _status_line(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code or "")


def _way(evidence: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    if error := _text(evidence, "error"):
        yield "Error", error
    if address := _text(evidence, "address"):
        yield "Dialled", address
    hops = evidence.get("redirects")
    hops = [hop for hop in hops if isinstance(hop, dict)] if isinstance(hops, list) else []
    for hop in hops:
        yield "Redirect", f"{hop.get('code', '')} from {hop.get('url', '')}"
    if final := _text(evidence, "final_url"):
        yield "Ended at", final
    elif evidence and not hops:
        yield "Redirects", "none"
    yield from _certificate(evidence.get("certificate"), now)


def _certificate(found: object, now: datetime) -> Iterator[tuple[str, str]]:
    if not isinstance(found, dict):
        return
    if subject := _text(found, "subject"):
        yield "Certificate", subject
    if issuer := _text(found, "issuer"):
        yield "Issued by", issuer
    try:
        yield "Valid until", certificate_ends(datetime.fromisoformat(_text(found, "ends_at")), now)
    except (TypeError, ValueError):
        return


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


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if type(value) is int else 0
