"""The end of what is old: partitions dropped whole, level by level."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_core.retention import Retention
from emeter_core.rollups import DAY, LEVELS, QUARTER, RAW, RollupProgress
from emeter_storage.engine import SessionFactory
from emeter_storage.partitions import PARTITIONED, drop_partitions
from emeter_storage.statements import affected_rows

_MOST_ROWS = 10_000
_TABLES = {RAW: "results"} | {level.name: level.table for level in LEVELS if level is not DAY}
_NEXT = {RAW: QUARTER.name} | {level.below.name: level.name for level in LEVELS if level.below}


def purge(sessions: SessionFactory, retention: Retention, *, now: datetime) -> list[str]:
    """Drop what is older than `retention` says, and rolled up; returns the partitions that were dropped.

    Never within a transaction of the caller: detaching partitions takes several. Status changes are kept for
    ever, they are the truth of every uptime; gaps go with the results that they explain.
    """
    with sessions.begin() as session:
        expired = _expire(session, retention, now)
        engine = session.get_bind().engine
    dropped = [
        name
        for level, table in _TABLES.items()
        if level in expired
        for name in drop_partitions(engine, table, expired[level].date())
    ]
    for level, statement in ((RAW, _GAPS), (DAY.name, _DAYS)):
        if level in expired:
            values = {"before": expired[level], "period": DAY.period(expired[level]), "most": _MOST_ROWS}
            while _delete(sessions, statement, values) == _MOST_ROWS:
                pass
    return dropped


def _expire(session: Session, retention: Retention, now: datetime) -> dict[str, datetime]:
    """Say before what moment each level is gone, and write that down first: from then on nobody reads it."""
    progress = {each.level: each for each in session.scalars(select(RollupProgress))}
    expired = {}
    for level, own in progress.items():
        days = getattr(retention, level)
        if not days:
            continue
        until = now - timedelta(days=days)
        if level in _NEXT:
            made = progress[_NEXT[level]].done_until
            if made is None:
                continue
            until = min(until, made)
        midnight = DAY.floor(until).astimezone(UTC)
        # What is partitioned by month is dropped when the whole month is old.
        table = _TABLES.get(level)
        if table:
            midnight = midnight.replace(day=PARTITIONED[table].first_day(midnight.date()).day)
        own.kept_since = max(midnight, own.kept_since or midnight)
        expired[level] = own.kept_since
    return expired


def _delete(sessions: SessionFactory, statement: str, values: dict[str, object]) -> int:
    with sessions.begin() as session:
        return affected_rows(session.execute(text(statement), values))


# A few at a time, so that no transaction is long.
_GAPS = """
DELETE FROM gaps WHERE ctid = ANY (ARRAY(SELECT ctid FROM gaps WHERE last_slot < :before LIMIT :most))
"""
_DAYS = """
DELETE FROM rollups_day
WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollups_day WHERE period < :period LIMIT :most))
"""
