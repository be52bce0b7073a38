from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from emeter_storage.partitions import (
    drop_partitions,
    ensure_partitions,
    is_partition,
    list_partitions,
    partition_name,
)

TODAY = date(2031, 3, 1)


@pytest.fixture
def empty(connection: Connection) -> Connection:
    """Without the partitions of the real today."""
    drop_partitions(connection, "results", date(9999, 1, 1))
    return connection


def _insert(connection: Connection, slot: str) -> None:
    connection.execute(
        text(
            "INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases)"
            " VALUES (CAST(:slot AS timestamptz), 1, 1, 0, 0, 200, '')"
        ),
        {"slot": slot},
    )


def _rows(connection: Connection, table: str) -> int:
    found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return found


def test_they_reach_from_yesterday_to_seven_days_ahead(empty: Connection) -> None:
    made = ensure_partitions(empty, TODAY)

    assert list_partitions(empty, "results") == [TODAY + timedelta(days=n) for n in range(-1, 8)]
    assert made[0] == "results_20310228"
    assert len(made) == 9


def test_making_them_again_makes_only_what_is_missing(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)

    assert ensure_partitions(empty, TODAY) == []
    assert ensure_partitions(empty, TODAY + timedelta(days=1)) == ["results_20310309"]


def test_rows_find_the_partition_of_their_day_in_utc(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)
    _insert(empty, "2031-03-01 23:59:59.999+00")
    _insert(empty, "2031-03-02 00:00:00+00")
    _insert(empty, "2031-03-02 01:00:00+02")

    assert _rows(empty, partition_name("results", TODAY)) == 2
    assert _rows(empty, partition_name("results", TODAY + timedelta(days=1))) == 1


def test_a_row_without_a_partition_is_refused(empty: Connection) -> None:
    with pytest.raises(IntegrityError, match="no partition"):
        _insert(empty, "2031-03-01 12:00:00+00")


def test_old_ones_are_dropped_whole(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)
    _insert(empty, "2031-02-28 12:00:00+00")
    _insert(empty, "2031-03-01 12:00:00+00")

    assert drop_partitions(empty, "results", TODAY) == ["results_20310228"]

    assert list_partitions(empty, "results")[0] == TODAY
    assert _rows(empty, "results") == 1
    assert drop_partitions(empty, "results", TODAY) == []


def test_a_slot_of_a_probe_is_there_once(empty: Connection) -> None:
    ensure_partitions(empty, TODAY)
    _insert(empty, "2031-03-01 12:00:00+00")

    with pytest.raises(IntegrityError, match="duplicate key"):
        _insert(empty, "2031-03-01 12:00:00+00")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("results_20310301", True), ("results", False), ("results_old", False), ("users_20310301", False)],
)
def test_their_names_tell_them(name: str, *, is_one: bool) -> None:
    assert is_partition(name) is is_one
