"""The sweep for silence: who has not been heard of for too long has no data."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.outcome import Reason
from emeter_storage.statements import affected_rows

# DESIGN 3: after the timeout and twice the interval (at least 30 s), and from the first slot that is missing.
# Runs start anew: what was seen before a silence confirms nothing after it.
_SWEEP = """
WITH silent AS (
  SELECT id, monitor_id, last_slot + interval_ms * interval '1 millisecond' AS since
  FROM probes
  WHERE enabled AND condition NOT IN ('pending', 'no_data')
    AND last_slot + (timeout_ms + greatest(2 * interval_ms, 30000)) * interval '1 millisecond' < :now
  ORDER BY id
  FOR NO KEY UPDATE SKIP LOCKED
), swept AS (
  UPDATE probes p
  SET condition = 'no_data', failures = 0, successes = 0, streak_since = NULL, streak_ended_at = NULL
  FROM silent WHERE p.id = silent.id
), moved AS (
  UPDATE monitors m SET condition = 'no_data', condition_since = silent.since
  FROM silent WHERE m.id = silent.monitor_id
  RETURNING m.team_id, m.id, silent.since, m.paused_at IS NOT NULL AS paused
)
INSERT INTO status_changes (team_id, monitor_id, effective_at, recorded_at, reason, condition, paused)
SELECT team_id, id, since, :now, :reason, 'no_data', paused FROM moved
"""


def sweep_silence(session: Session, *, now: datetime) -> int:
    """Set no data where no result has come for too long; returns for how many monitors."""
    swept = session.execute(text(_SWEEP), {"now": now, "reason": Reason.NOT_CHECKED.value})
    return affected_rows(swept)
