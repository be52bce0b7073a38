"""Daily partitions of the tables that grow with every check: made ahead, dropped whole."""

import re
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, text

PARTITIONED = {"results": "slot"}
"""Partitioned tables and the timestamp column that each is cut by."""

DAYS_AHEAD = 7
_NAME = re.compile(r"(?P<table>[a-z_]+)_(?P<day>\d{8})")


def ensure_partitions(connection: Connection, today: date, *, days_ahead: int = DAYS_AHEAD) -> list[str]:
    """Make the partitions from yesterday to `days_ahead` days after `today` (UTC); returns the new names.

    Attached rather than created in place: attaching lets readers and writers of the table go on.
    """
    made = []
    for table in PARTITIONED:
        there = set(list_partitions(connection, table))
        for offset in range(-1, days_ahead + 1):
            day = today + timedelta(days=offset)
            if day not in there:
                made.append(_attach(connection, table, day))
    return made


def list_partitions(connection: Connection, table: str) -> list[date]:
    """The days for which `table` has a partition, oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = CAST(:table AS regclass)"
        ),
        {"table": table},
    ).scalars()
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    return sorted(datetime.strptime(match["day"], "%Y%m%d").replace(tzinfo=UTC).date() for match in found)


def is_partition(name: str) -> bool:
    """Whether this is the name of one of our daily partitions."""
    match = _NAME.fullmatch(name)
    return match is not None and match["table"] in PARTITIONED


def drop_partitions(connection: Connection, table: str, before: date) -> list[str]:
    """Drop the partitions of `table` whose day lies before `before`; returns their names."""
    dropped = []
    for day in list_partitions(connection, table):
        if day < before:
            name = partition_name(table, day)
            connection.execute(text(f"DROP TABLE {name}"))
            dropped.append(name)
    return dropped


def partition_name(table: str, day: date) -> str:
    """The name of the partition of `table` for `day`, such as `results_20261123`."""
    return f"{table}_{day:%Y%m%d}"


def _attach(connection: Connection, table: str, day: date) -> str:
    name = partition_name(table, day)
    following = day + timedelta(days=1)
    # Another process may be making the same one: the name decides, and only its maker attaches it.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING ALL)"))
    attached = connection.execute(
        text("SELECT 1 FROM pg_inherits WHERE inhrelid = CAST(:name AS regclass)"), {"name": name}
    ).scalar()
    if not attached:
        connection.execute(
            text(
                f"ALTER TABLE {table} ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{day:%Y-%m-%d}+00') TO ('{following:%Y-%m-%d}+00')"
            )
        )
    return name
