import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from emeter_storage.engine import DatabaseClock, make_engine, make_session_factory, transaction
from emeter_storage.errors import describe_database_error


@pytest.fixture
def scratch(database_url: str) -> Engine:
    """A database with a table of one column."""
    engine = make_engine(database_url, name="scratch", pool_size=2)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (n int)"))
    return engine


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        found: int = connection.execute(text("SELECT count(*) FROM scratch")).scalar_one()
        return found


def test_nothing_is_connected_before_it_is_used() -> None:
    make_engine("postgresql+psycopg2://nobody@127.0.0.1:1/nothing")


def test_connections_speak_utc_and_say_who_they_are(scratch: Engine) -> None:
    with scratch.connect() as connection:
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
        assert connection.execute(text("SHOW application_name")).scalar() == "scratch"
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "10s"
    scratch.dispose()


def test_an_error_shows_none_of_the_values_that_were_sent(scratch: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, scratch.connect() as connection:
        connection.execute(text("SELECT n / 0, :secret FROM generate_series(1, 1) AS n"), {"secret": "hush"})
    scratch.dispose()
    assert "division by zero" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_host_that_vanishes_is_noticed(scratch: Engine) -> None:
    with scratch.connect() as connection:
        # Asked of libpq itself; the tests' own server is behind a Unix socket.
        used = connection.connection.driver_connection.info.dsn_parameters  # type: ignore[union-attr]
    scratch.dispose()

    assert used["keepalives"] == "1"
    idle, interval, count = (int(used[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 30
    assert 0 < int(used["tcp_user_timeout"]) <= 30_000


def test_a_transaction_is_kept_when_its_block_ends(scratch: Engine) -> None:
    with transaction(make_session_factory(scratch)) as session:
        session.execute(text("INSERT INTO scratch VALUES (1)"))

    assert count(scratch) == 1
    scratch.dispose()


def test_a_transaction_leaves_nothing_when_its_block_raises(scratch: Engine) -> None:
    def fail() -> None:
        with transaction(make_session_factory(scratch)) as session:
            session.execute(text("INSERT INTO scratch VALUES (1)"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert count(scratch) == 0
    scratch.dispose()


def test_a_connection_that_the_server_ended_is_replaced(scratch: Engine, engine: Engine) -> None:
    with scratch.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})

    assert count(scratch) == 0
    scratch.dispose()


def test_a_database_that_does_not_answer_is_described_without_the_password() -> None:
    url = "postgresql+psycopg2://me:hush@127.0.0.1:1/x"
    with pytest.raises(OperationalError) as error:
        make_engine(url).connect()

    said = describe_database_error(error.value, url)
    assert said.startswith("The database at postgresql+psycopg2://me:***@127.0.0.1:1/x does not answer: ")
    assert "hush" not in said
    assert "\n" not in said


class TestDatabaseClock:
    def test_it_tells_the_time_of_the_database(self, engine: Engine) -> None:
        clock = DatabaseClock(engine)
        with engine.connect() as connection:
            before = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            now = clock.now()
            after = connection.execute(text("SELECT clock_timestamp()")).scalar_one()

        assert before - timedelta(seconds=1) <= now <= after + timedelta(seconds=1)
        assert now.tzinfo is UTC

    def test_instants_and_moments_are_two_names_of_the_same(self, engine: Engine) -> None:
        clock = DatabaseClock(engine)
        instant = time.monotonic() + 5

        assert clock.monotonic(clock.at(instant)) == pytest.approx(instant, abs=1e-3)
        assert clock.at(instant + 60) - clock.at(instant) == timedelta(seconds=60)

    def test_it_asks_again_only_when_its_measure_is_old(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = DatabaseClock(engine)
        clock.measure_if_old()
        first = clock._measured_at
        clock.measure_if_old()
        assert clock._measured_at == first

        zero = clock.at(0)
        monkeypatch.setattr(DatabaseClock, "MEASURE_EVERY_S", 0.0)
        clock.measure_if_old()
        assert clock._measured_at > first
        assert abs(clock.at(0) - zero) < timedelta(seconds=5)

    def test_a_jump_is_taken_over_and_what_a_slow_answer_allows_stands(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = DatabaseClock(engine)
        clock.measure()
        exact = clock.at(0)
        # An hour between asking and hearing: half an hour either way says nothing new.
        now = time.monotonic()
        beats = itertools.chain([now - 1800], itertools.repeat(now + 1800))
        with monkeypatch.context() as slow:
            slow.setattr(time, "monotonic", lambda: next(beats))
            clock.measure()
        assert clock.at(0) == exact

        clock._zero = exact - timedelta(hours=1)
        clock.measure()
        assert abs(clock.at(0) - exact) < timedelta(seconds=5)

    def test_it_never_guesses(self) -> None:
        with pytest.raises(OperationalError):
            DatabaseClock(make_engine("postgresql+psycopg2://127.0.0.1:1/x")).now()

    def test_many_threads_may_read_it(self, engine: Engine) -> None:
        clock = DatabaseClock(engine)
        seen: list[datetime] = []
        threads = [threading.Thread(target=lambda: seen.append(clock.now())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(seen) == 8


def test_each_test_can_have_a_database_of_its_own(new_database: Callable[..., str]) -> None:
    assert new_database() != new_database()


@pytest.fixture
def impatient(database_url: str) -> Iterator[Engine]:
    """An engine that waits half a second."""
    engine = make_engine(database_url, name="impatient", pool_size=1, patience=0.5)
    yield engine
    engine.dispose()


def test_an_impatient_connection_works_as_any_other(impatient: Engine) -> None:
    with impatient.begin() as connection:
        connection.execute(text("CREATE TABLE many (n int)"))
        connection.execute(text("INSERT INTO many SELECT generate_series(1, 100000)"))
        assert len(connection.execute(text("SELECT n, repeat('x', 100) FROM many")).all()) == 100_000
    with pytest.raises(DBAPIError, match="does not exist"), impatient.connect() as connection:
        connection.execute(text("SELECT * FROM nothing"))
    with impatient.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_an_answer_that_takes_too_long_is_given_up(impatient: Engine) -> None:
    begin = time.monotonic()
    with pytest.raises(OperationalError, match="statement timeout"), impatient.connect() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    assert time.monotonic() - begin < 10

    with impatient.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_who_finds_all_connections_taken_waits_no_longer_than_patience(impatient: Engine) -> None:
    with impatient.connect(), pytest.raises(PoolTimeoutError):
        impatient.connect()


def test_the_patience_of_one_engine_is_not_that_of_another(impatient: Engine, database_url: str) -> None:
    patient = make_engine(database_url)
    with impatient.connect(), patient.connect() as connection:
        assert connection.execute(text("SELECT pg_sleep(0.7)")).scalar() == ""
    patient.dispose()
