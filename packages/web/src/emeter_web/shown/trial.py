"""What came of a trial of a check, as the form shows it beside itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emeter_core.monitors.kinds import KindSettings
from emeter_core.outcome import Condition, Phases, Reason
from emeter_core.trials import Trial
from emeter_web.formats import ms
from emeter_web.shown.evidence import Evidence, certificate_ends, evidence_of

_WOULD_BE = {
    Condition.UP: "Would be up",
    Condition.DOWN: "Would be down",
    Condition.DEGRADED: "Would be degraded",
    Condition.BLOCKED: "Would be blocked",
    Condition.NO_DATA: "Could not be checked",
}


@dataclass(frozen=True, slots=True)
class ShownTrial:
    """`evidence` is None while nobody has answered; `pairs` is what is known besides the phases."""

    id: str
    asked_at: datetime
    status: str = "pending"
    word: str = "On its way"
    text: str = ""
    evidence: Evidence | None = None
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether the answer is still to come."""
        return self.evidence is None


def shown_trial(trial: Trial, *, settings: KindSettings | None = None, now: datetime) -> ShownTrial:
    """What the page shows of a trial; `settings` are those that were tried."""
    if trial.answer is None:
        return ShownTrial(str(trial.id), trial.inserted_at)
    answer: Mapping[str, Any] = trial.answer
    reason = _reason(answer)
    seen = answer.get("evidence") or {}
    evidence = evidence_of(reason, Phases(**answer.get("phases") or {}), seen, settings=settings, now=now)
    return ShownTrial(
        id=str(trial.id),
        asked_at=trial.inserted_at,
        status=reason.condition.value,
        word=_WOULD_BE.get(reason.condition, "Answered"),
        text=_text(answer, reason),
        evidence=evidence,
        pairs=tuple(_pairs(answer, evidence, now)),
    )


def _reason(answer: Mapping[str, Any]) -> Reason:
    """The reason that was answered, by its slug; one that a newer checker knows was no success for sure."""
    return Reason.__members__.get(str(answer.get("reason", "")).upper(), Reason.NOT_CHECKED)


def _text(answer: Mapping[str, Any], reason: Reason) -> str:
    if reason is Reason.OK:
        return f"{answer.get('code') or 'Answered'} in {ms(answer.get('total_us'))}"
    return str(answer.get("text") or reason.text)


def _pairs(answer: Mapping[str, Any], evidence: Evidence, now: datetime) -> Iterator[tuple[str, str]]:
    if not evidence.way and answer.get("address"):
        yield "Address", str(answer["address"])
    yield from evidence.way
    ends_at = answer.get("certificate_ends_at")
    if ends_at and not any(name == "Valid until" for name, _ in evidence.way):
        yield "Certificate", certificate_ends(datetime.fromisoformat(ends_at), now)
