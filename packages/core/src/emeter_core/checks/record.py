"""Results in, conditions advanced, incidents opened or closed: one transaction for many checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from emeter_core.checks.advance import advance
from emeter_core.checks.finished import Finished
from emeter_core.checks.packing import COLUMNS, pack_result
from emeter_core.checks.state import Observation, Policy, State
from emeter_core.checks.take import array
from emeter_core.checks.transitions import write_transitions
from emeter_core.checks.write import Judged, write_probes
from emeter_core.outcome import Condition
from emeter_storage.copy import copy_binary

_Row = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: `counted` results stored, `discarded` because their claim was gone."""

    counted: int
    discarded: int


# The claims go first: whoever deletes one may record its result, so a batch that is recorded twice counts
# once. A claim whose monitor changed meanwhile is deleted and its result left out. Probes are locked in the
# order of their ids, before monitors: every writer keeps to that order.
_CONSUME = """
WITH done AS (
  DELETE FROM claims c
  USING unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[]), CAST(:tokens AS uuid[]))
    AS d (probe_id, slot_us, token)
  WHERE c.probe_id = d.probe_id AND c.slot = 'epoch'::timestamptz + d.slot_us * interval '1 microsecond'
    AND c.token = d.token
  RETURNING c.probe_id, c.slot, d.slot_us
)
SELECT done.probe_id, done.slot_us, done.slot, m.version, m.down_after, m.up_after, m.id AS monitor_id,
  p.condition, p.failures, p.successes, p.streak_since, p.streak_ended_at, p.last_slot, p.incident_open,
  p.certificate_ends_at
FROM done JOIN probes p ON p.id = done.probe_id JOIN monitors m ON m.id = p.monitor_id
ORDER BY done.probe_id, done.slot_us
FOR NO KEY UPDATE OF p
"""


def record(session: Session, batch: Sequence[Finished], *, now: datetime) -> Recorded:
    """Store the results of `batch` and let them count; safe to run twice with the same batch."""
    if not batch:
        return Recorded(0, 0)
    by_slot = {(finished.claim.probe_id, finished.claim.slot_us): finished for finished in batch}
    judged = _judge(_consume(session, batch), by_slot, now)
    if judged:
        copy_binary(session, "results", COLUMNS, (pack_result(each.finished) for each in judged))
        write_probes(session, judged)
        write_transitions(session, judged, now=now)
    return Recorded(len(judged), len(batch) - len(judged))


def _consume(session: Session, batch: Sequence[Finished]) -> Sequence[_Row]:
    claims = [finished.claim for finished in batch]
    values = {
        "probe_ids": array([claim.probe_id for claim in claims]),
        "slots": array([claim.slot_us for claim in claims]),
        "tokens": array([claim.token for claim in claims]),
    }
    return session.execute(text(_CONSUME), values).all()


def _judge(rows: Sequence[_Row], by_slot: dict[tuple[int, int], Finished], now: datetime) -> list[Judged]:
    """Advance each probe by its results, oldest slot first; results of another version are left out."""
    stored: dict[int, State] = {}
    states: dict[int, State] = {}
    judged = []
    for row in rows:
        finished = by_slot[row.probe_id, row.slot_us]
        if finished.claim.version != row.version:
            continue
        if row.probe_id not in states:
            states[row.probe_id] = stored[row.probe_id] = _state(row)
        before = states[row.probe_id]
        seen = Observation(finished.outcome.condition, row.slot, finished.ended_at)
        step = advance(before, seen, Policy(row.down_after, row.up_after), now)
        states[row.probe_id] = step.state
        counts = step.state is not before
        judged.append(
            Judged(finished, row.monitor_id, stored[row.probe_id], step, counts, row.certificate_ends_at)
        )
    return judged


def _state(row: _Row) -> State:
    return State(
        condition=Condition(row.condition),
        failures=row.failures,
        successes=row.successes,
        streak_since=row.streak_since,
        streak_ended_at=row.streak_ended_at,
        last_slot=row.last_slot,
        incident_open=row.incident_open,
    )
