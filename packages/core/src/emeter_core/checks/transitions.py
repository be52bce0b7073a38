"""From judged results to the transitions of monitors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from emeter_core.checks.slots import to_us
from emeter_core.checks.take import array
from emeter_core.checks.write import Judged
from emeter_core.incidents import FirstFailure, Transition, follow
from emeter_core.outcome import Reason
from emeter_storage.partitions import sql_day_ms

_Row = Row[*tuple[Any, ...]]
_Failures = Mapping[tuple[int, datetime], FirstFailure]

_MONITORS = """
SELECT id, team_id, name, paused_at IS NOT NULL AS paused FROM monitors WHERE id = ANY (CAST(:ids AS int[]))
"""

_CONDITION = """
UPDATE monitors m SET condition = d.condition, condition_since = d.since
FROM unnest(CAST(:ids AS int[]), CAST(:conditions AS text[]), CAST(:since AS timestamptz[]))
  AS d (id, condition, since)
WHERE m.id = d.id
"""

_FIRST_FAILURES = f"""
SELECT r.probe_id, r.slot, r.reason, r.evidence
FROM (
  SELECT probe_id, 'epoch'::timestamptz + slot_us * interval '1 microsecond' AS slot
  FROM unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[])) AS u (probe_id, slot_us)
) AS f
JOIN results r ON r.probe_id = f.probe_id AND r.slot = f.slot
  AND {sql_day_ms("r.slot")} = {sql_day_ms("f.slot")}
"""  # noqa: S608 - made of our own constants


def write_transitions(session: Session, judged: Sequence[Judged], *, now: datetime) -> None:
    """Let the monitors take the conditions of `judged`, and incidents follow; results were stored before."""
    moved = [each for each in judged if each.step.change or each.step.resolves]
    if not moved:
        return
    rows = session.execute(text(_MONITORS), {"ids": array({each.monitor_id for each in moved})})
    monitors = {row.id: row for row in rows}
    failures = _first_failures(session, [each for each in moved if each.step.opens])
    conditions = {each.monitor_id: change for each in moved if (change := each.step.change)}
    if conditions:
        values = {
            "ids": array(conditions),
            "conditions": array(to.after.value for to in conditions.values()),
            "since": [to.effective_at for to in conditions.values()],
        }
        session.execute(text(_CONDITION), values)
    follow(session, [_transition(each, monitors[each.monitor_id], failures) for each in moved], now=now)


def _first_failures(session: Session, opening: Sequence[Judged]) -> _Failures:
    """The first failures of the runs that open incidents: of one probe there may be several in a batch."""
    firsts = [key for each in opening if (key := _key(each))]
    if not firsts:
        return {}
    values = {
        "probe_ids": array(probe_id for probe_id, _ in firsts),
        "slots": array(to_us(slot) for _, slot in firsts),
    }
    return {
        (row.probe_id, row.slot): FirstFailure(row.slot, Reason(row.reason), row.evidence or {})
        for row in session.execute(text(_FIRST_FAILURES), values)
    }


def _key(opening: Judged) -> tuple[int, datetime] | None:
    """The probe and the first slot of the run that opens an incident."""
    since = opening.step.state.streak_since
    return (opening.finished.claim.probe_id, since) if since else None


def _transition(judged: Judged, monitor: _Row, failures: _Failures) -> Transition:
    step, reason = judged.step, judged.finished.outcome.reason
    first_failure = None
    if step.opens:
        at = step.state.streak_since or judged.finished.ended_at
        # A raw result may be gone (its day was dropped): then this failure tells the cause.
        key, evidence = _key(judged), dict(judged.finished.outcome.evidence)
        first_failure = (failures.get(key) if key else None) or FirstFailure(at, reason, evidence)
    return Transition(
        team_id=monitor.team_id,
        monitor_id=monitor.id,
        monitor_name=monitor.name,
        paused=monitor.paused,
        reason=first_failure.reason if first_failure else reason,
        effective_at=step.change.effective_at if step.change else judged.finished.ended_at,
        after=step.change.after if step.change else None,
        first_failure=first_failure,
        resolved_at=step.state.streak_since if step.resolves else None,
    )
