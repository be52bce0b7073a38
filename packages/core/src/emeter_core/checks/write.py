"""The probes after a batch: few columns for those that merely went on, all for those that changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.finished import Finished
from emeter_core.checks.slots import sql_slot, sql_turn, to_us
from emeter_core.checks.state import State, Step
from emeter_core.checks.take import array
from emeter_core.microseconds import to_stored


class Judged(NamedTuple):
    """A result that counts, and what it led to."""

    finished: Finished
    monitor_id: int
    stored: State
    """The probe as the database still has it."""
    step: Step
    counts: bool
    """False for a result that is older than the last one counted: it is stored, and changes nothing."""
    certificate_ends_at: datetime | None
    """As the probe had it before this result."""


_GO_ON = text("""
UPDATE probes p SET last_slot = d.slot, successes = d.successes,
  last_total_us = d.total_us, last_code = d.code, last_reason = 0
FROM (SELECT probe_id, 'epoch'::timestamptz + slot_us * interval '1 microsecond' AS slot,
    successes, total_us, code
  FROM unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[]), CAST(:successes AS smallint[]),
    CAST(:totals AS int[]), CAST(:codes AS smallint[])) AS u (probe_id, slot_us, successes, total_us, code)) d
WHERE p.id = d.probe_id
""")

# A confirmation comes only after every slot that is claimed by now: the newest grid slot before `next_slot`,
# two seconds ahead at most, confirms as well, and going back before it would claim it twice.
_CLAIMED = sql_slot(
    "p.id", "p.interval_ms", sql_turn("p.id", "p.interval_ms", "p.next_slot - interval '1 millisecond'")
)


def _instant(us: str) -> str:
    return f"'epoch'::timestamptz + d.{us} * interval '1 microsecond'"


# One statement however many they are: when much fails at once, as a network does, all of it is recorded here.
_CHANGE = text(f"""
UPDATE probes p SET
  condition = d.condition, failures = d.failures, successes = d.successes, incident_open = d.incident_open,
  streak_since = {_instant("since_us")}, streak_ended_at = {_instant("ended_us")},
  last_slot = {_instant("last_us")},
  last_total_us = d.total_us, last_code = d.code, last_reason = d.reason,
  certificate_ends_at = coalesce({_instant("certificate_us")}, p.certificate_ends_at),
  next_slot = CASE WHEN {_instant("confirm_us")} > {_CLAIMED}
    THEN least(p.next_slot, {_instant("confirm_us")}) ELSE p.next_slot END
FROM unnest(CAST(:probe_ids AS int[]), CAST(:conditions AS text[]), CAST(:failures AS smallint[]),
    CAST(:successes AS smallint[]), CAST(:open AS boolean[]), CAST(:since AS bigint[]),
    CAST(:ended AS bigint[]), CAST(:last AS bigint[]), CAST(:totals AS int[]), CAST(:codes AS smallint[]),
    CAST(:reasons AS smallint[]), CAST(:certificates AS bigint[]), CAST(:confirm AS bigint[]))
  AS d (probe_id, condition, failures, successes, incident_open, since_us, ended_us, last_us, total_us, code,
    reason, certificate_us, confirm_us)
WHERE p.id = d.probe_id
""")  # noqa: S608 - made of our own constants


def write_probes(session: Session, judged: Sequence[Judged]) -> None:
    """Bring the probes of `judged` to their newest state; results that came too late change nothing."""
    newest = {each.finished.claim.probe_id: each for each in judged if each.counts}
    going_on: list[Judged] = []
    changed: list[Judged] = []
    for each in newest.values():
        (going_on if _goes_on(each) else changed).append(each)
    _go_on(session, going_on)
    _change(session, changed)


def _goes_on(judged: Judged) -> bool:
    """Whether this was one more success in a row, of the same certificate: nearly all results are."""
    before, after, outcome = judged.stored, judged.step.state, judged.finished.outcome
    return (
        before.successes > 0
        and after.successes > 0
        and after.streak_since == before.streak_since
        and after.condition is before.condition
        and after.incident_open is before.incident_open
        and outcome.certificate_ends_at == judged.certificate_ends_at
    )


def _go_on(session: Session, judged: Sequence[Judged]) -> None:
    if not judged:
        return
    finished = [each.finished for each in judged]
    values = {
        "probe_ids": array([each.claim.probe_id for each in finished]),
        "slots": array([each.claim.slot_us for each in finished]),
        "successes": array([each.step.state.successes for each in judged]),
        "totals": array([to_stored(sum(each.outcome.phases)) for each in finished]),
        "codes": array([each.outcome.code for each in finished]),
    }
    session.execute(_GO_ON, values)


def _change(session: Session, judged: Sequence[Judged]) -> None:
    if not judged:
        return
    finished = [each.finished for each in judged]
    states = [each.step.state for each in judged]
    values = {
        "probe_ids": array(each.claim.probe_id for each in finished),
        "conditions": array(state.condition.value for state in states),
        "failures": array(state.failures for state in states),
        "successes": array(state.successes for state in states),
        "open": array(state.incident_open for state in states),
        "since": _instants(state.streak_since for state in states),
        "ended": _instants(state.streak_ended_at for state in states),
        "last": _instants(state.last_slot for state in states),
        "totals": array(to_stored(sum(each.outcome.phases)) for each in finished),
        "codes": array(each.outcome.code for each in finished),
        "reasons": array(each.outcome.reason.value for each in finished),
        "certificates": _instants(each.outcome.certificate_ends_at for each in finished),
        "confirm": _instants(each.step.confirm_at for each in judged),
    }
    session.execute(_CHANGE, values)


def _instants(moments: Iterable[datetime | None]) -> str:
    return array("NULL" if moment is None else to_us(moment) for moment in moments)
