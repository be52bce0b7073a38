"""The sweep for silence: who has not been heard of for too long has no data."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.monitors.location import INBOUND_ID
from emeter_core.outcome import Reason
from emeter_core.rollups.dirty import LATE_AFTER

_PATIENCE = "(p.timeout_ms + greatest(2 * p.interval_ms, 30000)) * interval '1 millisecond'"

# DESIGN 3: after the timeout and twice the interval (at least 30 s), and from the first slot that is missing.
# An edit starts the wait anew: an interval that was made shorter says nothing of the time before.
# Runs start anew: what was seen before a silence confirms nothing after it.
_SWEEP = f"""
WITH silent AS (
  SELECT p.id, p.monitor_id,
    greatest(p.last_slot + p.interval_ms * interval '1 millisecond', m.updated_at) AS since
  FROM probes p JOIN monitors m ON m.id = p.monitor_id
  WHERE p.enabled AND p.condition <> 'no_data' AND p.location_id <> {INBOUND_ID}
    AND p.last_slot + {_PATIENCE} < :now AND m.updated_at + {_PATIENCE} < :now
  ORDER BY p.id
  FOR NO KEY UPDATE OF p SKIP LOCKED
), swept AS (
  UPDATE probes p
  SET condition = 'no_data', failures = 0, successes = 0, streak_since = NULL, streak_ended_at = NULL
  FROM silent WHERE p.id = silent.id
), moved AS (
  UPDATE monitors m SET condition = 'no_data', condition_since = silent.since
  FROM silent WHERE m.id = silent.monitor_id
  RETURNING m.team_id, m.id, silent.since, m.paused_at IS NOT NULL AS paused
), noted AS (
  INSERT INTO status_changes (team_id, monitor_id, effective_at, recorded_at, reason, condition, paused)
  SELECT team_id, id, since, :now, :reason, 'no_data', paused FROM moved
  RETURNING monitor_id, effective_at
), dirty AS (
  INSERT INTO rollups_dirty (monitor_id, since, until, checks)
  SELECT monitor_id, effective_at, :now, false FROM noted WHERE effective_at < :late
)
SELECT count(*) FROM noted
"""  # noqa: S608 - made of our own constants


def sweep_silence(session: Session, *, now: datetime) -> int:
    """Set no data where no result has come for too long; returns for how many monitors."""
    values = {"now": now, "reason": Reason.NOT_CHECKED.value, "late": now - LATE_AFTER}
    return int(session.execute(text(_SWEEP), values).scalar_one())
