"""A PostgreSQL that stands still is given up in time (reliability.md, R51); its backends are stopped here."""

import io
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from emeter_storage.deadline import WatchedConnection
from emeter_storage.engine import make_engine

PATIENCE = 0.3
# Patience, the second that the server itself has longer, half a second between looks, and a busy machine.
GIVEN_UP_WITHIN = 5.0


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An impatient one."""
    engine = make_engine(database_url, name="impatient", pool_size=3, patience=PATIENCE)
    yield engine
    engine.dispose()


def backend_of(connection: Connection) -> int:
    pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return pid


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def works(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("SELECT 1")).scalar() == 1


def copy(connection: Connection) -> None:
    """As `emeter_storage.copy` does it: behind SQLAlchemy's back."""
    raw = connection.connection
    try:
        raw.cursor().copy_expert("COPY kept FROM STDIN", io.StringIO("3\n"))  # type: ignore[attr-defined]
    except psycopg2.OperationalError as error:
        raw.invalidate()
        raise OperationalError("COPY", {}, error) from error


WAITS: dict[str, Callable[[Connection], object]] = {
    "a statement": lambda connection: connection.execute(text("SELECT 1")),
    "many statements": lambda connection: connection.exec_driver_sql(
        "INSERT INTO kept VALUES (%s)", [(1,), (2,)]
    ),
    "a copy": copy,
    "a commit": Connection.commit,
    "a rollback": Connection.rollback,
}


def test_whatever_waits_for_a_server_that_stands_still_is_given_up(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=len(WAITS), patience=PATIENCE)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n int)"))

    def wait_in_vain(wait: Callable[[Connection], object]) -> float:
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO kept VALUES (1)"))
            with stopped(backend_of(connection)):
                begin = time.monotonic()
                with pytest.raises(OperationalError):
                    wait(connection)
                return time.monotonic() - begin

    with ThreadPoolExecutor(len(WAITS)) as threads:
        took = dict(zip(WAITS, threads.map(wait_in_vain, WAITS.values()), strict=True))
    assert max(took.values()) < GIVEN_UP_WITHIN, took
    assert works(engine)
    engine.dispose()


def test_a_connection_at_rest_whose_server_stands_still_is_replaced(engine: Engine) -> None:
    with engine.connect() as connection:
        pid = backend_of(connection)
    begin = time.monotonic()
    with stopped(pid):
        assert works(engine)
        with engine.connect() as connection:
            assert backend_of(connection) != pid
    assert time.monotonic() - begin < GIVEN_UP_WITHIN


def test_the_others_go_on_while_one_is_given_up(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as other:
        theirs = backend_of(other)
        with stopped(backend_of(first)), ThreadPoolExecutor(1) as waiting:
            given_up = waiting.submit(first.execute, text("SELECT 1"))
            while not given_up.done():
                assert backend_of(other) == theirs
            assert isinstance(given_up.exception(), OperationalError)
        assert backend_of(other) == theirs


def test_who_is_answered_in_time_or_asks_nothing_is_never_cut_off(engine: Engine) -> None:
    end = time.monotonic() + 3 * (PATIENCE + 1)
    with engine.connect() as one, engine.connect() as other:
        pids = [backend_of(one), backend_of(other)]
        while time.monotonic() < end:
            one.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": 0.7 * PATIENCE})
            one.commit()
        assert [backend_of(one), backend_of(other)] == pids
    with engine.connect() as one, engine.connect() as other:
        assert {backend_of(one), backend_of(other)} == set(pids)


@pytest.mark.parametrize("who", ["we", "libpq"])
def test_never_another_socket_than_its_own_is_shut(engine: Engine, who: str) -> None:
    """Once the connection is closed, whoever opens a socket next has its number."""
    raw = engine.raw_connection()
    watched = raw.driver_connection
    assert isinstance(watched, WatchedConnection)
    number, pid = watched.fileno(), watched.info.backend_pid
    if who == "we":
        watched.close()
    else:
        os.kill(pid, signal.SIGTERM)
        with pytest.raises(psycopg2.OperationalError):
            watched.cursor().execute("SELECT pg_sleep(60)")
    with ExitStack() as stack, watched.waiting:
        pairs = [[stack.enter_context(each) for each in socket.socketpair()] for _ in range(8)]
        assert number in {each.fileno() for pair in pairs for each in pair}
        watched.give_up_if_late(time.monotonic() + 3600)
        for one, other in pairs:
            one.sendall(b"still there")
            assert other.recv(32) == b"still there"
    raw.invalidate()


def test_descriptors_are_given_back(engine: Engine) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    assert works(engine)
    engine.dispose()
    before = open_files()
    for _ in range(3):
        with engine.connect(), engine.connect():
            assert open_files() == before + 4
        engine.dispose()
        assert open_files() == before


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing, as one whose processes are stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg2://somebody@127.0.0.1:{server.getsockname()[1]}/nothing"


def test_while_it_is_silent_one_waits_for_it_and_the_others_are_told(silent: str) -> None:
    engine = make_engine(silent, pool_size=8, patience=PATIENCE)

    def took() -> float:
        begin = time.monotonic()
        with pytest.raises(OperationalError):
            engine.connect()
        return time.monotonic() - begin

    assert took() < GIVEN_UP_WITHIN
    with ThreadPoolExecutor(8) as threads:
        times = sorted(threads.map(lambda _: took(), range(8)))
    assert times[0] < 1 < times[-1] < GIVEN_UP_WITHIN
    assert sum(time < 1 for time in times) == 7


def test_a_server_that_refuses_is_not_silent() -> None:
    engine = make_engine("postgresql+psycopg2://127.0.0.1:1/nothing", pool_size=8, patience=PATIENCE)

    def says(_number: int) -> str:
        with pytest.raises(OperationalError) as error:
            engine.connect()
        return str(error.value)

    with ThreadPoolExecutor(8) as threads:
        assert all("refused" in each for each in threads.map(says, range(24)))


def test_the_thread_ends_with_the_connections(engine: Engine) -> None:
    def threads() -> int:
        return sum(thread.name == "database deadline" for thread in threading.enumerate())

    assert works(engine)
    assert works(engine)
    running = threads()
    assert running >= 1
    engine.dispose()
    end = time.monotonic() + 10
    while threads() == running and time.monotonic() < end:
        select.select([], [], [], 0.05)
    assert threads() == running - 1
    assert works(engine)
    assert threads() == running
