"""One look at the installation: who runs, what is overdue, what was missed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.monitors.location import INBOUND_ID
from emeter_core.processes import Histogram

ALIVE_WITHIN = timedelta(seconds=30)
MISSED_WITHIN = timedelta(hours=1)
PATIENCE = timedelta(seconds=10)
"""So much longer than its interval and its timeout a check may take to come."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the installation is.

    `scheduler_seen_at` and `sender_seen_at` are the newest signs of life, None without any; `workers` counts
    those seen within 30 s; `overdue` the enabled monitors whose check was due over an interval ago and did
    not come; `missed` the slots of the last hour that nobody checked; `lateness_p99_ms` how late checks began
    since their worker started; `offline` the workers whose own network is away, so that checks tell nothing.
    """

    scheduler_seen_at: datetime | None
    workers: int
    sender_seen_at: datetime | None
    overdue: int
    lateness_p99_ms: float | None
    missed: int
    offline: int = 0


# The probes alone say which checks are missing; only for those are the monitors asked, as an edit or a resume
# starts the wait anew. What people's own changes dropped was not missed. Who was seen at a time to come was
# seen by a clock that was set back since, and may be gone.
_LOOK = text("""
WITH seen AS (SELECT name, seen_at, info FROM processes WHERE seen_at <= :alive_until)
SELECT
  (SELECT max(seen_at) FROM seen WHERE name = 'scheduler') AS scheduler_seen_at,
  (SELECT max(seen_at) FROM seen WHERE name = 'sender') AS sender_seen_at,
  ARRAY(SELECT info->'lateness' FROM seen WHERE name = 'worker' AND seen_at >= :alive_since) AS lateness,
  (SELECT count(*) FROM seen
    WHERE name = 'worker' AND seen_at >= :alive_since AND info->>'network' <> '') AS offline,
  (SELECT count(*) FROM (
    SELECT monitor_id, last_slot + interval_ms * interval '1 millisecond' AS due,
      :now - (interval_ms + timeout_ms) * interval '1 millisecond' - :patience AS overdue_before
    FROM probes WHERE enabled AND location_id <> :inbound
  ) AS p WHERE (due < overdue_before OR due IS NULL)
    AND (SELECT greatest(due, m.updated_at) < overdue_before FROM monitors m WHERE m.id = p.monitor_id)
  ) AS overdue,
  (SELECT coalesce(sum(count), 0) FROM gaps WHERE last_slot > :missed_since AND reason <> 'dropped') AS missed
""")


def look(session: Session, *, now: datetime) -> Health:
    """Look at the whole installation, in one statement."""
    row = session.execute(
        _LOOK,
        {
            "now": now,
            "alive_since": now - ALIVE_WITHIN,
            "alive_until": now + FARTHEST_AHEAD,
            "missed_since": now - MISSED_WITHIN,
            "patience": PATIENCE,
            "inbound": INBOUND_ID,
        },
    ).one()
    lateness = Histogram.merge(each for each in row.lateness if each)
    return Health(
        scheduler_seen_at=row.scheduler_seen_at,
        workers=len(row.lateness),
        sender_seen_at=row.sender_seen_at,
        overdue=row.overdue,
        lateness_p99_ms=lateness.percentile(0.99) / 1000 if lateness.counts else None,
        missed=row.missed,
        offline=row.offline,
    )
