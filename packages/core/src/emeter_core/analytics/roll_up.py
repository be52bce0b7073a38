"""The making of rollups, step by step: periods that are over, then what was marked dirty."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from emeter_core.analytics.pieces import Piece, by_day, take_dirty
from emeter_core.analytics.roll_up_sql import roll_up_statement
from emeter_core.checks.take import array
from emeter_core.incidents import StatusChange
from emeter_core.monitors import Monitor
from emeter_core.rollups import DAY, LEVELS, RAW, Level, RollupProgress
from emeter_core.rollups.dirty import SETTLED_AFTER
from emeter_storage.partitions import ensure_partitions, list_partitions

_LOCK = 7_203_650_116
MOST_ROWS = 2_000
"""What one step makes at most, so that it takes a second at most and holds up nobody."""

_AT_FIRST = timedelta(days=90)
"""What is older than this when rollups are made for the first time has none."""

_STATEMENTS = {
    (level.name, with_checks): roll_up_statement(level, with_checks=with_checks)
    for level in LEVELS
    for with_checks in (False, True)
}

Progress = dict[str, RollupProgress]


def roll_up(session: Session, *, now: datetime) -> bool:
    """Take one step; returns whether there is more to do.

    Safe to run twice and from many processes at once: one takes the step, the others find nothing to do.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return False
    # Sorting in memory what one step holds. Nested loops: statistics of a day that goes on are always old.
    session.execute(
        text("SELECT set_config('work_mem', '32MB', true), set_config('enable_seqscan', 'off', true)")
    )
    progress = _progress(session, now)
    for level in LEVELS:
        if _close(session, level, progress, now):
            return True
    return _mend(session, progress)


def _progress(session: Session, now: datetime) -> Progress:
    """How far each level is; at first they begin with the first status there is, at midnight."""
    found = session.scalars(select(RollupProgress).execution_options(populate_existing=True)).all()
    if not found:
        first = session.scalar(select(func.min(StatusChange.effective_at))) or now
        begin = DAY.floor(max(first, now - _AT_FIRST))
        found = [
            RollupProgress(level=RAW, monitor_id=0),
            *(RollupProgress(level=level.name, done_until=begin, monitor_id=0) for level in LEVELS),
        ]
        session.add_all(found)
        session.flush()
    for each in found:
        # The clock was ahead: what was made for a time to come is made again when it is over.
        if each.done_until is not None and each.done_until > now:
            each.done_until, each.monitor_id = DAY.floor(now - SETTLED_AFTER), 0
        if each.kept_since is not None and each.kept_since > now:
            each.kept_since = DAY.floor(now)
    return {each.level: each for each in found}


def _close(session: Session, level: Level, progress: Progress, now: datetime) -> bool:
    """Make the next periods of a level that are over, for some monitors; False where there are none."""
    own = progress[level.name]
    below = progress[level.below.name].done_until if level.below else now - SETTLED_AFTER
    assert own.done_until is not None  # noqa: S101 - only single results are not made
    assert below is not None  # noqa: S101 - the same
    first, ready = level.period(own.done_until), level.period(below)
    if first >= ready:
        return False
    ids = session.scalars(
        select(Monitor.id).where(Monitor.id > own.monitor_id).order_by(Monitor.id).limit(MOST_ROWS)
    ).all()
    # Many periods at once where there are few monitors, one part of the monitors where they are many.
    is_all = own.monitor_id == 0 and len(ids) < MOST_ROWS
    after = min(ready, first + max(1, MOST_ROWS // max(1, len(ids)))) if is_all else first + 1
    after = min(after, level.period(DAY.ceil(own.done_until + timedelta(microseconds=1))))
    after = max(after, first + 1)
    _make(session, level, [Piece(monitor_id, first, after) for monitor_id in ids], with_checks=True)
    is_last = len(ids) < MOST_ROWS
    own.monitor_id = 0 if is_last else ids[-1]
    if is_last:
        own.done_until = level.begin(after)
    session.flush()
    return True


def _mend(session: Session, progress: Progress) -> bool:
    """Make dirty periods anew, those that are made already; False where nothing is marked."""
    dirty = take_dirty(session, MOST_ROWS)
    if dirty is None:
        return False
    for level in LEVELS:
        own = progress[level.name]
        assert own.done_until is not None  # noqa: S101 - only single results are not made
        # The period that is half made now may hold some monitors already.
        until = level.period(own.done_until) + (own.monitor_id > 0)
        since = level.period(level.ceil(own.kept_since)) if own.kept_since else 0
        checks_since = _checks_since(level, progress)
        both = dirty.pieces(level, since=max(since, checks_since), until=until, checks=True)
        rest = dirty.pieces(level, since=since, until=until, checks=False, besides=both)
        _make(session, level, both, with_checks=True)
        _make(session, level, rest, with_checks=False)
    return True


def _checks_since(level: Level, progress: Progress) -> int:
    """The first period whose checks can be counted anew: what they are counted from is there."""
    kept_since = progress[level.source].kept_since
    return level.period(level.ceil(kept_since)) if kept_since else 0


# In the order of all who lock (ARCHITECTURE.md): whoever deletes a monitor has it before its days.
_HOLD = text("""
SELECT id FROM monitors WHERE id = ANY (CAST(:monitor_ids AS int[])) ORDER BY id FOR KEY SHARE
""")


def _of_those_that_stay(session: Session, pieces: Sequence[Piece]) -> list[Piece]:
    """Keep monitors from being deleted until the step is done; leaves those out that are gone."""
    values = {"monitor_ids": array({piece.monitor_id for piece in pieces})}
    there = set(session.scalars(_HOLD, values))
    return [piece for piece in pieces if piece.monitor_id in there]


def _make(session: Session, level: Level, pieces: Sequence[Piece], *, with_checks: bool) -> None:
    if level is DAY:
        # Only days belong to their monitors: others are dropped with their month, whoever is gone.
        pieces = _of_those_that_stay(session, pieces)
    if not pieces:
        return
    first, after = min(piece.first for piece in pieces), max(piece.after for piece in pieces)
    since, until = level.begin(first), level.begin(after)
    _ensure_partitions(session, level, since, until)
    cut = by_day(level, pieces) if level.source == RAW else pieces
    values: dict[str, object] = {
        "monitor_ids": array(piece.monitor_id for piece in cut),
        "firsts": array(piece.first for piece in cut),
        "afters": array(piece.after for piece in cut),
    }
    # Bounds for all pieces together, by which PostgreSQL leaves partitions out before it begins.
    if with_checks and level.below:
        values |= {"lowest": level.below.period(since), "highest": level.below.period(until)}
    elif with_checks:
        values |= {"since": since, "until": until}
    session.execute(_STATEMENTS[level.name, with_checks], values)


def _ensure_partitions(session: Session, level: Level, since: datetime, until: datetime) -> None:
    """Have the months that are written to: those of today are there, older ones may not be."""
    if level is DAY:
        return
    first, last = since.astimezone(UTC).date(), (until - timedelta(microseconds=1)).astimezone(UTC).date()
    wanted = {first.replace(day=1), last.replace(day=1)}
    if wanted - set(list_partitions(session.connection(), level.table)):
        for day in wanted:
            # From the day before on are made, too.
            second = day + timedelta(days=1)
            ensure_partitions(session.connection(), second, days_ahead=0, tables=[level.table])
