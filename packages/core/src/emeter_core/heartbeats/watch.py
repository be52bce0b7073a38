"""That pings can be taken: told by the web processes, so that their own absence makes nobody late."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

WATCH_EVERY_S = 2.0
ABSENT_AFTER = timedelta(seconds=15)
"""A web process that is restarted is back sooner; longer than that, pings got lost."""

_KEPT_FOR = timedelta(days=7)

# One statement, whoever else tells: the newest stretch goes on, or a new one begins. None that lies ahead, as
# after a clock that was set back: it would tell nothing of now.
_TELL = text("""
WITH newest AS (
  SELECT since FROM heartbeat_watches WHERE until >= :absent_before AND since <= :now
  ORDER BY since DESC LIMIT 1
), gone_on AS (
  UPDATE heartbeat_watches w SET until = greatest(w.until, :now) FROM newest WHERE w.since = newest.since
  RETURNING w.since
), old AS (
  DELETE FROM heartbeat_watches WHERE until < :kept_since AND NOT EXISTS (SELECT FROM newest
    WHERE newest.since = heartbeat_watches.since)
)
INSERT INTO heartbeat_watches (since, until)
SELECT :now, :now WHERE NOT EXISTS (SELECT FROM newest)
ON CONFLICT (since) DO NOTHING
""")

_UNWATCH = (
    text("DELETE FROM heartbeat_watches WHERE since > :now"),
    text("UPDATE heartbeat_watches SET until = :now WHERE until > :now"),
)


class Watch(NamedTuple):
    """A stretch of time in which pings could be taken."""

    since: datetime
    until: datetime


def keep_watch(session: Session, *, now: datetime) -> None:
    """Say that pings can be taken now."""
    values = {"now": now, "absent_before": now - ABSENT_AFTER, "kept_since": now - _KEPT_FOR}
    session.execute(_TELL, values)


def unwatch_ahead(session: Session, *, now: datetime) -> None:
    """Take back what was said of a time to come, by a clock that was ahead."""
    for statement in _UNWATCH:
        session.execute(statement, {"now": now})


def watches(session: Session, *, since: datetime) -> Sequence[Watch]:
    """The stretches that reach beyond `since`, newest first."""
    rows = session.execute(
        text("SELECT since, until FROM heartbeat_watches WHERE until >= :since ORDER BY until DESC"),
        {"since": since},
    )
    return [Watch(*row) for row in rows]


def was_watched(stretches: Sequence[Watch], since: datetime, until: datetime) -> bool:
    """Whether a ping could be taken at any time from `since` to `until`."""
    return any(each.since <= since and until <= each.until for each in stretches)
