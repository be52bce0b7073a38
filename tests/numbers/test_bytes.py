"""What the history takes on disk, indexes included, and how long it takes to drop a day of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.analytics import roll_up
from emeter_core.testing.filling import fill
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory
from emeter_storage.partitions import drop_partitions, ensure_partitions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOURS_OF_A_YEAR = 8_760
MOST_BYTES = 105
MOST_BYTES_OF_A_YEAR = 1_500_000
MOST_SECONDS = 1.0
MOST_SECONDS_OF_OTHERS = 0.5
"""For a statement of 1 ms, on a machine that is busy with something else."""

# Each between 50 and 250 ms, all as likely: few targets are harder to sum up. In the order in which the
# recorder writes them: every 200 ms, by probe.
_RESULTS = """
INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases)
SELECT first + k * step, id, 50000 + (random() * 200000)::int, 1, 0, 200, '\\x0bb8139430d44e20'
FROM (
  SELECT id, interval_ms * interval '1 millisecond' AS step,
    CAST(:since AS timestamptz) + (id * 7919 % interval_ms) * interval '1 millisecond' AS first
  FROM probes
) AS p CROSS JOIN generate_series(0, CAST(:slots AS int) - 1) AS k
ORDER BY floor(extract(epoch FROM first + k * step) * 5), id
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> SessionFactory:
    return make_session_factory(engine)


def bytes_per_row(engine: Engine, partition: str) -> float:
    query = (
        f"SELECT pg_relation_size('{partition}') + pg_indexes_size('{partition}'), count(*) FROM {partition}"
    )
    with engine.connect() as connection:
        size, rows = connection.execute(text(query)).one()
        return float(size / rows)


def add_monitors(sessions: SessionFactory, monitors: int, *, interval: int) -> None:
    with sessions.begin() as session:
        user = register_user(session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=NOW)
        scope = scope_of(session, user)
        fill(
            session,
            scope,
            now=NOW,
            monitors=monitors,
            interval=interval,
            hours=0.01,
            days=2,
            blips=0,
            flaps=0,
        )


@pytest.mark.parametrize(("monitors", "interval", "slots"), [(500, 10, 60), (500, 60, 15), (30, 60, 1440)])
def test_a_result_takes_105_bytes_at_most(
    sessions, engine, figure: Callable[[str], None], monitors: int, interval: int, slots: int
) -> None:
    add_monitors(sessions, monitors, interval=interval)
    with engine.begin() as connection:
        connection.execute(text(_RESULTS), {"since": NOW - DAY / 2 - DAY, "slots": slots})
    taken = bytes_per_row(engine, "results_20261122")
    figure(f"{monitors} monitors at {interval} s, {slots} slots each: {taken:.1f} bytes a result")
    assert taken <= MOST_BYTES


def test_a_year_of_hours_of_a_monitor_takes_a_megabyte_and_a_half_at_most(
    sessions, engine, figure: Callable[[str], None]
) -> None:
    add_monitors(sessions, 40, interval=60)
    with engine.begin() as connection:
        connection.execute(text(_RESULTS), {"since": NOW - DAY / 2 - DAY, "slots": 1440})
    more = True
    while more:
        with sessions.begin() as session:
            more = roll_up(session, now=NOW)
    year = bytes_per_row(engine, "rollups_hour_202611") * HOURS_OF_A_YEAR
    figure(f"a year of hours of one monitor: {year / 1e6:.2f} MB")
    assert year <= MOST_BYTES_OF_A_YEAR


def fill_day(engine: Engine, day: datetime, results: int) -> None:
    with engine.begin() as connection:
        ensure_partitions(connection, day.date(), days_ahead=0, tables=["results"])
        connection.execute(
            text(
                "INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases) SELECT"
                " CAST(:day AS timestamptz) + k * interval '1 second', p, 1, 1, 0, 200, '\\x0102030405060708'"
                " FROM generate_series(0, 86399, 60) AS k, generate_series(1, CAST(:probes AS int)) AS p"
            ),
            {"day": day, "probes": results // 1440},
        )


@contextmanager
def writing_and_reading(engine: Engine, day: datetime) -> Iterator[list[float]]:
    """Results come in all the time, and are read; how many seconds each time took."""
    took: list[float] = []
    over = threading.Event()

    def run() -> None:
        slot = day
        while not over.is_set():
            slot += timedelta(milliseconds=1)
            begun = time.monotonic()
            with engine.begin() as connection:
                connection.execute(_WRITE, {"slot": slot})
                connection.execute(_READ, {"since": slot - 40 * DAY})
            took.append(time.monotonic() - begun)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


_WRITE = text(
    "INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases)"
    " VALUES (CAST(:slot AS timestamptz), 1, 1, 1, 0, 200, '\\x0102030405060708')"
)
_READ = text("SELECT count(*) FROM results WHERE slot > :since AND probe_id = 1 AND total_us < 0")
DAYS = [300_000, pytest.param(14_400_000, marks=pytest.mark.soak, id="of-ten-thousand-monitors")]


@pytest.mark.parametrize("results", DAYS)
def test_a_day_is_dropped_within_a_second_and_nobody_waits(
    engine, figure: Callable[[str], None], results: int
) -> None:
    day, today = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)
    fill_day(engine, day, results)
    with engine.begin() as connection:
        ensure_partitions(connection, today.date(), days_ahead=0, tables=["results"])
        size = connection.execute(text("SELECT pg_total_relation_size('results_20261001')")).scalar_one()
    with writing_and_reading(engine, today) as others:
        begun = time.monotonic()
        assert "results_20261001" in drop_partitions(engine, "results", (day + DAY).date())
        took = time.monotonic() - begun
    figure(
        f"a day of {results:,} results ({size / 1e6:,.0f} MB) dropped in {took:.2f} s;"
        f" of {len(others)} others none waited for more than {max(others):.3f} s"
    )
    assert took < MOST_SECONDS
    assert max(others) < MOST_SECONDS_OF_OTHERS


def test_one_that_somebody_reads_for_long_is_left_and_nobody_waits(engine) -> None:
    day, today = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)
    fill_day(engine, day, 1440)
    with engine.begin() as connection:
        ensure_partitions(connection, today.date(), days_ahead=0, tables=["results"])
    with engine.connect() as reader, writing_and_reading(engine, today) as others:
        reader.execute(text("SELECT count(*) FROM results"))
        assert drop_partitions(engine, "results", (day + DAY).date()) == []
    assert max(others) < MOST_SECONDS_OF_OTHERS
    assert "results_20261001" in drop_partitions(engine, "results", (day + DAY).date())
