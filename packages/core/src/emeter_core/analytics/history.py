"""The history of statuses, as spans."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.analytics.known import SQL_KNOWN_STATUS, sql_first_id
from emeter_core.analytics.span import Known, Span, join_spans
from emeter_core.checks.take import array
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.status import Status
from emeter_core.outcome import Reason
from emeter_core.scope import Scope

# Lateral and in order, so that each monitor's rows are looked up by themselves: a plain join lets PostgreSQL
# read the whole table and ask for each row which one is the first that matters (270 ms instead of 0.5).
_HISTORY = text(f"""
SELECT m.id, c.* FROM monitors m CROSS JOIN LATERAL (
  SELECT {SQL_KNOWN_STATUS} AS status, c.effective_at, c.reason
  FROM status_changes c WHERE c.monitor_id = m.id AND c.id >= {sql_first_id()}
  ORDER BY c.id DESC
) AS c
WHERE m.id = ANY (CAST(:monitor_ids AS int[])) AND m.team_id = :team_id
""")  # noqa: S608 - made of our own constants

_NEWEST = text(f"""
SELECT {SQL_KNOWN_STATUS} AS status, c.effective_at, c.reason
FROM monitors m JOIN status_changes c ON c.monitor_id = m.id
WHERE m.id = :monitor_id AND m.team_id = :team_id
ORDER BY c.id DESC LIMIT :limit
""")  # noqa: S608 - made of our own constants

# A dict is three times as fast as calling the enum, and there may be thousands of rows.
_STATUSES = {status.value: status for status in Status}
_REASONS = {reason.value: reason for reason in Reason}


def history(
    session: Session, scope: Scope, monitor_ids: Iterable[int], *, since: datetime, now: datetime
) -> dict[int, list[Span]]:
    """The spans of each monitor between `since` and `now`, oldest first; strangers' monitors are left out."""
    values = {"monitor_ids": array(monitor_ids), "team_id": scope.team.id, "since": since}
    known: dict[int, list[Known]] = {}
    for monitor_id, status, effective_at, reason in session.execute(_HISTORY, values):
        known.setdefault(monitor_id, []).append(Known(_STATUSES[status], effective_at, _REASONS[reason]))
    return {monitor_id: join_spans(rows, since=since, until=now) for monitor_id, rows in known.items()}


def status_changes(
    session: Session, scope: Scope, monitor: Monitor, *, now: datetime, limit: int = 20
) -> list[Span]:
    """The newest spans of a monitor, newest first; the first one goes on until `now`."""
    # Some rows were overtaken by later ones, or say the same as the one before: twice as many are enough.
    values = {"monitor_id": monitor.id, "team_id": scope.team.id, "limit": 2 * limit + 1}
    rows = session.execute(_NEWEST, values)
    known = [
        Known(_STATUSES[status], effective_at, _REASONS[reason]) for status, effective_at, reason in rows
    ]
    return join_spans(known, since=None, until=now)[::-1][:limit]
