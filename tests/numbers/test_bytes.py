"""What the history takes on disk, indexes included, and how long it takes to drop a day of it."""

import time
from collections.abc import Callable, Iterator
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


@pytest.mark.parametrize(
    "results", [300_000, pytest.param(14_400_000, marks=pytest.mark.soak, id="of-ten-thousand-monitors")]
)
def test_a_day_is_dropped_within_a_second(engine, figure: Callable[[str], None], results: int) -> None:
    day = datetime(2026, 10, 1, tzinfo=UTC)
    fill_day(engine, day, results)
    with engine.connect() as connection:
        size = connection.execute(text("SELECT pg_total_relation_size('results_20261001')")).scalar_one()
    begun = time.monotonic()
    assert "results_20261001" in drop_partitions(engine, "results", (day + DAY).date())
    took = time.monotonic() - begun
    figure(f"a day of {results:,} results ({size / 1e6:,.0f} MB) dropped in {took:.2f} s")
    assert took < MOST_SECONDS
