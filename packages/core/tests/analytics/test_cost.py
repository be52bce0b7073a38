"""What reading costs: one statement however many monitors, and never a day that is not asked for."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, event, text

from emeter_core import analytics, health, monitors
from emeter_core.analytics import Check, Scale, Timespan
from emeter_core.monitors import Monitor
from emeter_core.testing.filling import DOWN, FAST, FLAPPING, Filled, fill
from emeter_storage.partitions import ensure_partitions, partition_name

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WINDOWS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}

Statement = tuple[str, object]


@pytest.fixture
def filled(session, alice, noon) -> Filled:
    for days in range(2, 31, 8):
        ensure_partitions(session.connection(), noon.date() - timedelta(days=days))
    return fill(session, alice, now=noon, monitors=60, interval=600, hours=1, days=3, blips=3, flaps=60)


@contextmanager
def noted(connection: Connection) -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


OF_A_TEAM: dict[str, Callable[..., object]] = {
    "overview": lambda s, scope, now, ids: monitors.overview(s, scope),
    "list": lambda s, scope, now, ids: monitors.list_monitors(s, scope, sort="trouble"),
    "history": lambda s, scope, now, ids: analytics.history(s, scope, ids, since=now - DAY, now=now),
    "uptimes": lambda s, scope, now, ids: analytics.uptimes(s, scope, ids, windows=WINDOWS, now=now),
    "latencies": lambda s, scope, now, ids: analytics.recent_latencies(s, scope, ids, now=now),
    "tape": lambda s, scope, now, ids: analytics.tape(s, scope, now=now),
    "health": lambda s, scope, now, ids: health.look(s, now=now),
}
OF_A_MONITOR: dict[str, Callable[..., object]] = {
    "row": lambda s, scope, now, m: monitors.get_monitor_row(s, scope, m.public_id),
    "checks": lambda s, scope, now, m: analytics.last_checks(s, scope, m, now=now),
    "changes": lambda s, scope, now, m: analytics.status_changes(s, scope, m, now=now),
}


def partitions_read(connection: Connection, statements: list[Statement]) -> set[str]:
    """The days of results that a plan would look into, by PostgreSQL's own word."""
    plans = [
        connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
        for statement, parameters in statements
    ]
    return set(re.findall(r"results_\d{8}", str(plans)))


@pytest.mark.parametrize("name", OF_A_TEAM)
def test_a_page_of_a_team_costs_one_statement_each(session, connection, alice, noon, filled, name) -> None:
    with noted(connection) as statements:
        OF_A_TEAM[name](session, alice, noon, filled.monitor_ids)
    assert len(statements) == 1
    assert partitions_read(connection, statements) <= days(noon.date(), 2)


@pytest.mark.parametrize("name", OF_A_MONITOR)
@pytest.mark.parametrize("place", [FAST, FLAPPING, DOWN])
def test_a_page_of_a_monitor_costs_one_statement_each(
    session, connection, alice, noon, filled, name, place: int
) -> None:
    monitor = session.get(Monitor, filled.at(place))
    with noted(connection) as statements:
        OF_A_MONITOR[name](session, alice, noon, monitor)
    assert len(statements) == 1
    assert partitions_read(connection, statements) <= days(noon.date(), 2)


SPANS: dict[str, Callable[..., object]] = {
    "latency": lambda s, scope, now, m: analytics.latency(s, scope, m, since=now - DAY, now=now),
    "days": lambda s, scope, now, m: analytics.results(
        s, scope, m, Timespan(now - 30 * DAY, now), Scale.DAY, now=now
    ),
}


@pytest.mark.parametrize("name", SPANS)
def test_the_history_of_a_monitor_costs_four_statements_and_reads_little(
    session, connection, alice, noon, filled, rolled_up, name
) -> None:
    """How far rollups are, rollups, what is not in them yet, and the statuses of that time."""
    rolled_up(noon)
    monitor = session.get(Monitor, filled.at(FAST))
    with noted(connection) as statements:
        SPANS[name](session, alice, noon, monitor)
    assert len(statements) <= 4
    assert partitions_read(connection, statements) == days(noon.date(), 1)
    single = next(parameters for statement, parameters in statements if "FROM results" in statement)
    assert single["until"] - single["since"] <= 20 * MINUTE


def test_one_check_is_looked_for_in_its_own_day(session, connection, alice, noon, filled) -> None:
    monitor = session.get(Monitor, filled.at(FAST))
    newest = analytics.last_checks(session, alice, monitor, now=noon)[0]
    with noted(connection) as statements:
        found = analytics.get_check(session, alice, monitor, newest.slot_us)
    assert isinstance(found, Check)
    assert partitions_read(connection, statements) == days(noon.date(), 1)


def test_a_history_is_read_from_its_index_alone(session, connection, alice, noon, filled) -> None:
    # What a table that was just written is not read by: it has not been vacuumed.
    session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
    with noted(connection) as statements:
        analytics.uptimes(session, alice, filled.monitor_ids, windows=WINDOWS, now=noon)
    [(statement, parameters)] = statements
    plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
    assert "Index Only Scan Backward using status_changes_monitor_id_id_index" in plan


def days(newest: date, count: int) -> set[str]:
    return {partition_name("results", newest - timedelta(days=number)) for number in range(count)}
