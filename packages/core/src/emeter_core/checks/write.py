"""The probes after a batch: few columns for those that merely went on, all for those that changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.finished import Finished
from emeter_core.checks.slots import sql_slot, sql_turn
from emeter_core.checks.state import State, Step
from emeter_core.checks.take import array


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
    "id", "interval_ms", sql_turn("id", "interval_ms", "next_slot - interval '1 millisecond'")
)

_CHANGE = text(f"""
UPDATE probes SET
  condition = :condition, failures = :failures, successes = :successes, streak_since = :streak_since,
  streak_ended_at = :streak_ended_at, last_slot = :last_slot, incident_open = :incident_open,
  last_total_us = :total_us, last_code = :code, last_reason = :reason,
  certificate_ends_at = coalesce(:certificate_ends_at, certificate_ends_at),
  next_slot = CASE WHEN CAST(:confirm_at AS timestamptz) > {_CLAIMED}
    THEN least(next_slot, CAST(:confirm_at AS timestamptz)) ELSE next_slot END
WHERE id = :probe_id
""")  # noqa: S608 - made of our own constants


def write_probes(session: Session, judged: Sequence[Judged]) -> None:
    """Bring the probes of `judged` to their newest state; results that came too late change nothing."""
    newest = {each.finished.claim.probe_id: each for each in judged if each.counts}
    going_on: list[Judged] = []
    changed: list[Judged] = []
    for each in newest.values():
        (going_on if _goes_on(each) else changed).append(each)
    _go_on(session, going_on)
    if changed:
        session.execute(_CHANGE, [_values(each) for each in changed])


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
        "totals": array([sum(each.outcome.phases) for each in finished]),
        "codes": array([each.outcome.code for each in finished]),
    }
    session.execute(_GO_ON, values)


def _values(judged: Judged) -> dict[str, object]:
    state, outcome = judged.step.state, judged.finished.outcome
    return {
        "probe_id": judged.finished.claim.probe_id,
        "condition": state.condition.value,
        "failures": state.failures,
        "successes": state.successes,
        "streak_since": state.streak_since,
        "streak_ended_at": state.streak_ended_at,
        "last_slot": state.last_slot,
        "incident_open": state.incident_open,
        "total_us": sum(outcome.phases),
        "code": outcome.code,
        "reason": outcome.reason.value,
        "certificate_ends_at": outcome.certificate_ends_at,
        "confirm_at": judged.step.confirm_at,
    }
