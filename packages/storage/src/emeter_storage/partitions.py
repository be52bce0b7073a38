"""Partitions by day or month of the tables that grow with time: made ahead, dropped whole."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Partitioned:
    """How a table is cut: by day or by month of UTC, by a timestamp or by periods.

    `period_s` is the length of the periods that its column counts from 1970; 0 for a timestamp. `key` is a
    unique index that each partition gets for itself: the table's would have to hold the column it is cut by.
    """

    is_monthly: bool = False
    period_s: int = 0
    key: str = ""

    def first_day(self, day: date) -> date:
        """The first day of the partition that holds `day`."""
        return day.replace(day=1) if self.is_monthly else day

    def after(self, first: date) -> date:
        """The first day of the partition after that of `first`."""
        if not self.is_monthly:
            return first + timedelta(days=1)
        return (first.replace(day=1) + timedelta(days=32)).replace(day=1)

    def bound(self, day: date) -> str:
        """Midnight of `day` as the partition's bound."""
        if not self.period_s:
            return f"'{day:%Y-%m-%d}+00'"
        return str((day - date(1970, 1, 1)).days * (_DAY_S // self.period_s))


def sql_day_ms(slot: str) -> str:
    """SQL for the whole milliseconds from midnight in UTC to a timestamp: an int that an index can be on."""
    # A float for speed: off by a ten thousandth of a millisecond at most; a microsecond is ten times that.
    elapsed = f"date_part('epoch', {slot} - timestamptz '2000-01-01 00:00+00')"
    return f"(floor({elapsed} * 1000 + 0.0005)::bigint % {_DAY_S * 1000})::int"


PARTITIONED = {
    "results": Partitioned(key=f"(probe_id, ({sql_day_ms('slot')}))"),
    "rollups_quarter": Partitioned(is_monthly=True, period_s=900),
    "rollups_hour": Partitioned(is_monthly=True, period_s=3600),
}

DAYS_AHEAD = 7
_NAME = re.compile(r"(?P<table>[a-z_]+)_(?P<day>\d{8}|\d{6})")
_ADVISORY_LOCK = 7_203_650_115
# Whoever writes waits behind us: a partition that is in use is left for the next time.
_LOCK_TIMEOUT = "2s"


def ensure_partitions(
    connection: Connection,
    today: date,
    *,
    days_ahead: int = DAYS_AHEAD,
    tables: Iterable[str] = tuple(PARTITIONED),
) -> list[str]:
    """Make the partitions from yesterday to `days_ahead` days after `today` (UTC); returns the new names.

    Attached rather than created in place: attaching lets readers and writers of the table go on.
    """
    made = []
    known = connection.execute(_TABLES, {"tables": list(tables)}).scalars().all()
    for table in known:
        cut = PARTITIONED[table]
        there = set(list_partitions(connection, table))
        days = (today + timedelta(days=offset) for offset in range(-1, days_ahead + 1))
        made += [_attach(connection, table, first) for first in _firsts(cut, days) if first not in there]
    return made


def ensure_partition(connection: Connection, name: str) -> None:
    """Make the partition with this name; raises ValueError where it is not one of ours."""
    table, first = name.rpartition("_")[0], _first_day(name)
    if first is None or table not in PARTITIONED:
        raise ValueError(f"{name} is no name of a partition")
    if first not in list_partitions(connection, table):
        _attach(connection, table, first)


def list_partitions(connection: Connection, table: str) -> list[date]:
    """The first days of the partitions of `table`, oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = CAST(:table AS regclass)"
        ),
        {"table": table},
    ).scalars()
    return sorted(day for name in names if (day := _first_day(name)) is not None)


def is_partition(name: str) -> bool:
    """Whether this is the name of one of our partitions."""
    match = _NAME.fullmatch(name)
    return match is not None and match["table"] in PARTITIONED


def partition_name(table: str, day: date) -> str:
    """The name of the partition of `table` for `day`, such as `results_20261123` or `rollups_hour_202611`."""
    return f"{table}_{day:%Y%m}" if PARTITIONED[table].is_monthly else f"{table}_{day:%Y%m%d}"


def drop_partitions(engine: Engine, table: str, before: date) -> list[str]:
    """Drop the partitions of `table` that end before the begin of `before` (UTC); returns their names.

    Nobody waits for it: a partition is detached while others read and write the table, and dropped alone. One
    that is in use for longer is left for the next time, and so is all where another process is at it.
    """
    dropped: list[str] = []
    with _dropping(engine) as connection:
        if connection is None:
            return dropped
        for name, is_attached, is_pending in connection.execute(_OLD, {"table": table}).all():
            first = _first_day(name)
            if first is None or name.rpartition("_")[0] != table:
                continue
            if PARTITIONED[table].after(first) > before:
                continue
            try:
                if is_attached:
                    how = "FINALIZE" if is_pending else "CONCURRENTLY"
                    connection.execute(text(f"ALTER TABLE {table} DETACH PARTITION {name} {how}"))
                connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
            except OperationalError:
                # Its lock was not to be had; what is half detached is finished the next time.
                break
            dropped.append(name)
    return dropped


# An older schema has not all of them.
_TABLES = text("SELECT t FROM unnest(CAST(:tables AS text[])) AS t WHERE to_regclass(t) IS NOT NULL")

# Detached ones too: a process may have ended between the two steps.
_OLD = text("""
SELECT c.relname, i.inhrelid IS NOT NULL, coalesce(i.inhdetachpending, false)
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = (
  SELECT relnamespace FROM pg_class WHERE oid = CAST(:table AS regclass)
) AND starts_with(c.relname, :table || '_')
ORDER BY c.relname
""")


@contextmanager
def _dropping(engine: Engine) -> Iterator[Connection | None]:
    """A connection that commits each statement, with short locks; None where another one drops partitions."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        locked = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        if not locked.scalar():
            yield None
            return
        connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
        try:
            yield connection
        finally:
            # It goes back to a pool: what was set for this must not stay.
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})


def _firsts(cut: Partitioned, days: Iterator[date]) -> list[date]:
    return list(dict.fromkeys(cut.first_day(day) for day in days))


def _first_day(name: str) -> date | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    form = "%Y%m%d" if len(match["day"]) == len("20261123") else "%Y%m"
    return datetime.strptime(match["day"], form).replace(tzinfo=UTC).date()


def _attach(connection: Connection, table: str, first: date) -> str:
    name, cut = partition_name(table, first), PARTITIONED[table]
    # Another process may be making the same one: the name decides, and only its maker attaches it.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING ALL)"))
    attached = connection.execute(
        text("SELECT 1 FROM pg_inherits WHERE inhrelid = CAST(:name AS regclass)"), {"name": name}
    ).scalar()
    if not attached:
        if cut.key:
            connection.execute(text(f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_key ON {name} {cut.key}"))
        bounds = f"FROM ({cut.bound(first)}) TO ({cut.bound(cut.after(first))})"
        connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {bounds}"))
    return name
