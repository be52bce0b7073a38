"""Results in, conditions advanced, incidents opened or closed: one transaction for many checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from emeter_core.checks.advance import advance
from emeter_core.checks.finished import Finished
from emeter_core.checks.packing import COLUMNS, pack_result
from emeter_core.checks.slots import from_us, to_us
from emeter_core.checks.state import Observation, Policy, State
from emeter_core.checks.take import array
from emeter_core.checks.transitions import write_transitions
from emeter_core.checks.write import Judged, write_probes
from emeter_core.outcome import Condition
from emeter_core.rollups.dirty import LATE_AFTER, Late, mark_dirty
from emeter_storage.copy import copy_binary
from emeter_storage.partitions import ensure_partitions, sql_day_ms

_Row = Row[*tuple[Any, ...]]

_NO_PARTITION = "23514"
"""What PostgreSQL says of a row that no partition is for: that it violates a check."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: `counted` results stored, `discarded` because their claim was gone."""

    counted: int
    discarded: int


# Whoever deletes a claim may record its result, so a batch that is recorded twice counts once. A claim whose
# monitor changed meanwhile is deleted and its result left out. Probes are locked first, in the order of their
# ids, then claims, then monitors: every writer keeps to that order.
_CONSUME = text("""
WITH locked AS MATERIALIZED (
  SELECT * FROM probes WHERE id = ANY (CAST(:probe_ids AS int[])) ORDER BY id FOR NO KEY UPDATE
), done AS (
  DELETE FROM claims c
  USING unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[]), CAST(:tokens AS uuid[]))
    AS d (probe_id, slot_us, token) JOIN locked ON locked.id = d.probe_id
  WHERE c.probe_id = d.probe_id AND c.slot = 'epoch'::timestamptz + d.slot_us * interval '1 microsecond'
    AND c.token = d.token
  RETURNING c.probe_id, d.slot_us
)
SELECT done.probe_id, done.slot_us, m.id, m.version, m.down_after, m.up_after, p.certificate_ends_at,
  p.condition, p.failures, p.successes, p.streak_since, p.streak_ended_at, p.last_slot, p.incident_open
FROM done JOIN locked p ON p.id = done.probe_id JOIN monitors m ON m.id = p.monitor_id
ORDER BY done.probe_id, done.slot_us
""")

_FORGET = text(f"""
DELETE FROM results r USING (
  SELECT probe_id, 'epoch'::timestamptz + slot_us * interval '1 microsecond' AS slot
  FROM unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[])) AS u (probe_id, slot_us)
) AS d
WHERE r.probe_id = d.probe_id AND r.slot = d.slot AND {sql_day_ms("r.slot")} = {sql_day_ms("d.slot")}
""")  # noqa: S608 - made of our own constants


def record(session: Session, batch: Sequence[Finished], *, now: datetime) -> Recorded:
    """Store the results of `batch` and let them count; safe to run twice with the same batch."""
    if not batch:
        return Recorded(0, 0)
    by_slot = {(finished.claim.probe_id, finished.claim.slot_us): finished for finished in batch}
    judged = _judge(_consume(session, batch), by_slot, now)
    store(session, judged, now=now)
    return Recorded(len(judged), len(batch) - len(judged))


def store(session: Session, judged: Sequence[Judged], *, now: datetime) -> None:
    """Write results that were judged, and all that follows from them; whoever calls holds their probes."""
    if not judged:
        return
    _keep(session, [each.finished for each in judged])
    write_probes(session, judged)
    write_transitions(session, judged, now=now)
    _mark_late(session, judged, now)


def _keep(session: Session, finished: Sequence[Finished]) -> None:
    """Store results; where the clock was set back and a slot comes round again, the later one stays.

    Where it went ahead by a week, as after a suspension, nobody has made that day's partition yet: we do.
    """
    rows = [pack_result(each) for each in finished]
    try:
        with session.begin_nested():
            copy_binary(session, "results", COLUMNS, rows)
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == _NO_PARTITION:
            for day in sorted({from_us(each.claim.slot_us).astimezone(UTC).date() for each in finished}):
                ensure_partitions(session.connection(), day, days_ahead=0, tables=("results",))
        session.execute(_FORGET, _keys(finished))
        copy_binary(session, "results", COLUMNS, rows)


def _consume(session: Session, batch: Sequence[Finished]) -> Sequence[_Row]:
    tokens = array([finished.claim.token for finished in batch])
    return session.execute(_CONSUME, {**_keys(batch), "tokens": tokens}).all()


def _keys(batch: Sequence[Finished]) -> dict[str, str]:
    return {
        "probe_ids": array([finished.claim.probe_id for finished in batch]),
        "slots": array([finished.claim.slot_us for finished in batch]),
    }


def _judge(rows: Sequence[_Row], by_slot: dict[tuple[int, int], Finished], now: datetime) -> list[Judged]:
    """Advance each probe by its results, oldest slot first; results of another version are left out."""
    # By probe: as the database has it, and as the results before have left it.
    states: dict[int, tuple[State, State]] = {}
    judged = []
    for probe_id, slot_us, monitor_id, version, down_after, up_after, certificate_ends_at, *state in rows:
        finished = by_slot[probe_id, slot_us]
        if finished.claim.version != version:
            continue
        stored, before = states.get(probe_id) or _twice(_state(*state))
        seen = Observation(finished.outcome.condition, from_us(slot_us), finished.ended_at)
        step = advance(before, seen, Policy(down_after, up_after), now)
        states[probe_id] = stored, step.state
        counts = step.state is not before
        judged.append(Judged(finished, monitor_id, stored, step, counts, certificate_ends_at))
    return judged


def _mark_late(session: Session, judged: Sequence[Judged], now: datetime) -> None:
    """Results that waited long, as for a database that was away, may be missing in rollups."""
    until_us = to_us(now - LATE_AFTER)
    late = [each for each in judged if each.finished.claim.slot_us < until_us]
    if late:
        marks = [Late(each.monitor_id, from_us(each.finished.claim.slot_us)) for each in late]
        mark_dirty(session, marks, checks=True, now=now)


def _state(condition: str, *others: Any) -> State:  # noqa: ANN401 - the other columns, as they are
    return State(Condition(condition), *others)


def _twice(state: State) -> tuple[State, State]:
    return state, state
