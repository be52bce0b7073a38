"""What a check asked and got, as its page shows it: the request without its secrets, the answer, the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emeter_core.monitors.kinds import KindSettings
from emeter_core.outcome import Phases, Reason
from emeter_web.charts.phases import Words, failed_phase
from emeter_web.formats import day, length
from emeter_web.shown.kinds import shown_kind
from emeter_web.shown.message import Fields, Message, number_in, text_in


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to see of one check.

    `failed` is the phase (from 0) in which it broke, `answer` None where none came; `has_code` says whether
    an answer of its kind has a status code, `took` what its time is the time of, `wanted` which phases it was
    to go through.
    """

    phases: Phases
    failed: int | None
    request: Message | None
    answer: Message | None
    way: Fields
    has_code: bool = True
    took: str = ""
    wanted: Words = field(default_factory=dict)

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
    url = text_in(evidence, "url") or target
    kind = shown_kind(url)
    return Evidence(
        phases=phases,
        failed=failed_phase(reason, phases),
        request=kind.request(settings, url) if settings is not None and url else None,
        answer=kind.answer(reason, evidence),
        way=(*_dialled(evidence), *kind.way(evidence), *_certificate(evidence.get("certificate"), now)),
        has_code=kind.has_code,
        took=kind.took,
        wanted=kind.wanted(settings, url, evidence),
    )


def phases_of(evidence: Mapping[str, Any]) -> Phases:
    """The phases that evidence holds, in microseconds."""
    found = evidence.get("phases")
    known = found if isinstance(found, dict) else {}
    return Phases(**{name: number_in(known, name) for name in Phases._fields})


def certificate_ends(ends_at: datetime, now: datetime) -> str:
    """How long a certificate holds: `23 Jan 2027, in 61 d`."""
    until = f"{ends_at.day} {ends_at:%b %Y}"
    return (
        f"{until}, in {length(ends_at - now)}" if ends_at > now else f"{until}, expired {day(ends_at, now)}"
    )


def _dialled(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if error := text_in(evidence, "error"):
        yield "Error", error
    if address := text_in(evidence, "address"):
        yield "Dialled", address


def _certificate(found: object, now: datetime) -> Iterator[tuple[str, str]]:
    if not isinstance(found, dict):
        return
    if subject := text_in(found, "subject"):
        yield "Certificate", subject
    if issuer := text_in(found, "issuer"):
        yield "Issued by", issuer
    try:
        yield "Valid until", certificate_ends(datetime.fromisoformat(text_in(found, "ends_at")), now)
    except (TypeError, ValueError):
        return
