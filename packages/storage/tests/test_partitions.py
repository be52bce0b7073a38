from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from emeter_storage import partitions
from emeter_storage.engine import make_engine
from emeter_storage.partitions import (
    PARTITIONED,
    drop_partitions,
    ensure_partitions,
    is_partition,
    list_partitions,
    partition_name,
    sql_day_ms,
)

TODAY = date(2031, 3, 1)
ONE = timedelta(days=1)


@pytest.fixture
def empty(connection: Connection) -> Connection:
    """Without the partitions of the real today."""
    for table in PARTITIONED:
        for day in list_partitions(connection, table):
            connection.execute(text(f"DROP TABLE {partition_name(table, day)}"))
    return connection


@pytest.fixture
def own(database_url: str) -> Iterator[Engine]:
    """A database of this test, in which it may commit, with yesterday's results and those of today."""
    engine = make_engine(database_url)
    with engine.begin() as connection:
        ensure_partitions(connection, TODAY)
        _insert(connection, "2031-02-28 12:00:00+00")
        _insert(connection, "2031-03-01 12:00:00+00")
    yield engine
    engine.dispose()


def _insert(connection: Connection, slot: str, probe_id: int = 1) -> None:
    connection.execute(
        text(
            "INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases)"
            " VALUES (CAST(:slot AS timestamptz), :probe_id, 1, 0, 0, 200, '')"
        ),
        {"slot": slot, "probe_id": probe_id},
    )


def _rows(connection: Connection, table: str) -> int:
    found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return found


def test_those_of_days_reach_from_yesterday_to_seven_days_ahead(empty: Connection) -> None:
    made = ensure_partitions(empty, TODAY)

    assert list_partitions(empty, "results") == [TODAY + timedelta(days=n) for n in range(-1, 8)]
    assert made[0] == "results_20310228"
    assert len(made) == 9 + 2 * 2


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2031, 3, 1), ["203102", "203103"]),
        (date(2031, 3, 15), ["203103"]),
        (date(2031, 12, 25), ["203112", "203201"]),
        (date(2032, 2, 22), ["203202"]),
        (date(2032, 2, 23), ["203202", "203203"]),
    ],
)
def test_those_of_months_hold_the_same_days(empty: Connection, today: date, months: list[str]) -> None:
    made = ensure_partitions(empty, today)

    for table in ("rollups_quarter", "rollups_hour"):
        assert [name for name in made if name.startswith(table)] == [f"{table}_{month}" for month in months]


def test_making_them_again_makes_only_what_is_missing(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)

    assert ensure_partitions(empty, TODAY) == []
    assert ensure_partitions(empty, TODAY + ONE) == ["results_20310309"]


def test_rows_find_the_partition_of_their_day_in_utc(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)
    _insert(empty, "2031-03-01 23:59:59.999+00")
    _insert(empty, "2031-03-02 00:00:00+00")
    _insert(empty, "2031-03-02 01:00:00+02")

    assert _rows(empty, partition_name("results", TODAY)) == 2
    assert _rows(empty, partition_name("results", TODAY + ONE)) == 1


@pytest.mark.parametrize(("table", "seconds"), [("rollups_quarter", 900), ("rollups_hour", 3600)])
def test_periods_find_the_partition_of_their_month(empty: Connection, table: str, seconds: int) -> None:
    ensure_partitions(empty, TODAY)
    for moment in (
        datetime(2031, 2, 28, 23, 59, tzinfo=UTC),
        datetime(2031, 3, 1, tzinfo=UTC),
        datetime(2031, 3, 31, 23, 59, tzinfo=UTC),
    ):
        period = int(moment.timestamp()) // seconds
        empty.execute(
            text(
                f"INSERT INTO {table} (monitor_id, period, total_us, checks, ok, failures)"
                " VALUES (1, :period, 0, 0, 0, 0)"
            ),
            {"period": period},
        )

    assert (_rows(empty, f"{table}_203102"), _rows(empty, f"{table}_203103")) == (1, 2)


def test_a_row_without_a_partition_is_refused(empty: Connection) -> None:
    with pytest.raises(IntegrityError, match="no partition"):
        _insert(empty, "2031-03-01 12:00:00+00")


def test_a_slot_of_a_probe_is_there_once(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)
    _insert(empty, "2031-03-01 12:00:00.001+00")
    _insert(empty, "2031-03-01 12:00:00.002+00")
    _insert(empty, "2031-03-02 12:00:00.001+00")
    _insert(empty, "2031-03-01 12:00:00.001+00", probe_id=2)

    with pytest.raises(IntegrityError, match="duplicate key"):
        _insert(empty, "2031-03-01 12:00:00.001+00")


@settings(max_examples=20, deadline=None)
@given(moments=st.lists(st.integers(1_000_000_000_000_000, 4_000_000_000_000_000), max_size=200))
def test_the_key_counts_whole_milliseconds_from_midnight(engine: Engine, moments: list[int]) -> None:
    aware = [datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment) for moment in moments]
    edges = [
        moment.replace(hour=23, minute=59, second=59, microsecond=us)
        for moment in aware
        for us in (999_999, 0)
    ]
    with engine.connect() as connection:
        counted = connection.execute(
            text(f"SELECT {sql_day_ms('slot')} FROM unnest(CAST(:slots AS timestamptz[])) AS slot"),
            {"slots": aware + edges},
        ).scalars()
        assert list(counted) == [
            (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)) // timedelta(milliseconds=1)
            for moment in aware + edges
        ]


def test_old_ones_are_dropped_whole(own: Engine) -> None:
    assert "results_20310228" in drop_partitions(own, "results", TODAY)

    with own.connect() as connection:
        assert list_partitions(connection, "results")[0] == TODAY
        assert _rows(connection, "results") == 1
    assert drop_partitions(own, "results", TODAY) == []


def test_a_month_is_kept_until_its_last_day_is_old(own: Engine) -> None:
    with own.connect() as connection:
        months = list_partitions(connection, "rollups_hour")
    assert drop_partitions(own, "rollups_hour", date(2031, 2, 28))[-1:] != ["rollups_hour_203102"]
    assert drop_partitions(own, "rollups_hour", date(2031, 3, 1)) == ["rollups_hour_203102"]
    assert months[-2:] == [date(2031, 2, 1), date(2031, 3, 1)]


def test_one_that_is_read_is_left_and_dropped_the_next_time(own: Engine, monkeypatch) -> None:
    monkeypatch.setattr(partitions, "_LOCK_TIMEOUT", "100ms")
    drop_partitions(own, "results", TODAY - ONE)
    with own.connect() as reader:
        assert _rows(reader, "results_20310228") == 1
        assert drop_partitions(own, "results", TODAY) == []
        with own.begin() as writer:
            _insert(writer, "2031-03-01 12:00:01+00")
    assert drop_partitions(own, "results", TODAY) == ["results_20310228"]


def test_one_that_was_detached_and_not_dropped_is_found(own: Engine) -> None:
    drop_partitions(own, "results", TODAY - ONE)
    with own.begin() as connection:
        connection.execute(text("ALTER TABLE results DETACH PARTITION results_20310228"))

    assert drop_partitions(own, "results", TODAY) == ["results_20310228"]


def test_two_do_not_drop_at_once(own: Engine) -> None:
    with own.connect() as other:
        other.execute(text(f"SELECT pg_advisory_lock({partitions._ADVISORY_LOCK})"))
        assert drop_partitions(own, "results", TODAY) == []
        other.execute(text("SELECT pg_advisory_unlock_all()"))
    assert drop_partitions(own, "results", TODAY)


def test_what_is_set_for_dropping_does_not_stay_on_the_connection(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    drop_partitions(engine, "results", TODAY)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "0"
        held = connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
        assert held.scalar() == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("results_20310301", True),
        ("rollups_hour_203103", True),
        ("results", False),
        ("results_old", False),
        ("users_20310301", False),
        ("rollups_day_203103", False),
    ],
)
def test_their_names_tell_them(name: str, *, is_one: bool) -> None:
    assert is_partition(name) is is_one
