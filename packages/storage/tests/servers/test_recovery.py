"""What a SIGKILL, of whichever process, leaves behind is no hindrance to the next start."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import Signals

import psycopg2
import psycopg2.extras
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class with a small name

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer, is_running
from emeter_storage.servers.server import Server

Query = Callable[[DataDirectory, str], object]

SERVE = """
import sys
from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer
data = DataDirectory(sys.argv[1])
servers = PostgresServer(data, fsync=False), RedisServer(data)
for server in servers:
    server.start()
print(*(server.pid for server in servers), flush=True)
sys.stdin.read()
"""

BUSY = "SELECT count(*) FROM generate_series(1, 1000000000)"


def kill(server: Server) -> None:
    """Kill a server, and wait until it is known to have ended, as its supervisor does."""
    assert server.pid
    assert server._child
    os.kill(server.pid, Signals.SIGKILL)
    server._child.wait()


def keep_busy(data: DataDirectory) -> Connection:
    """Start a statement that takes minutes of processor time, and return without waiting for it."""
    connection = psycopg2.connect(
        host=str(data.run_directory), port=5432, user="emeter", dbname="emeter", async_=1
    )
    psycopg2.extras.wait_select(connection)
    connection.cursor().execute(BUSY)
    return connection


@pytest.fixture
def safe_postgres(data: DataDirectory) -> Iterator[PostgresServer]:
    """A PostgreSQL as in production: what is committed is on disk."""
    server = PostgresServer(data)
    yield server
    server.stop()


def test_postgres_starts_again_after_each_of_three_kills_and_has_lost_nothing(
    safe_postgres: PostgresServer, query: Query, wait_for_end: Callable[[int], None]
) -> None:
    postgres = safe_postgres
    postgres.start()
    query(postgres.data, "CREATE TABLE kept (number int)")
    for number in range(3):
        query(postgres.data, f"INSERT INTO kept VALUES ({number})")
        busy = keep_busy(postgres.data)
        backend = busy.info.backend_pid
        kill(postgres)
        begin = time.monotonic()
        postgres.start()
        assert time.monotonic() - begin < 15
        wait_for_end(backend)
        busy.close()
        assert query(postgres.data, "SELECT count(*) FROM kept") == number + 1


def test_a_recycled_pid_in_the_lock_files_is_no_server(
    postgres: PostgresServer, redis: RedisServer, query: Query
) -> None:
    postgres.start()
    redis.start()
    kill(postgres)
    for name in (
        postgres.data.cluster / "postmaster.pid",
        postgres.data.run_directory / ".s.PGSQL.5432.lock",
    ):
        lines = name.read_text().splitlines()
        name.write_text("\n".join([str(redis.pid), *lines[1:], ""]))
    postgres.start()
    assert query(postgres.data, "SELECT 1") == 1


def test_redis_starts_again_after_a_kill(redis: RedisServer) -> None:
    redis.start()
    assert redis.socket.is_socket()
    kill(redis)
    redis.start()
    assert redis.answers()


def test_both_end_with_their_killed_parent(
    data: DataDirectory, script: Callable[..., subprocess.Popen[str]], wait_for_end: Callable[[int], None]
) -> None:
    parent = script(SERVE, data.path)
    assert parent.stdout
    pids = parent.stdout.readline().split()
    assert is_running(data)
    parent.kill()
    for pid in pids:
        wait_for_end(int(pid))
    assert not is_running(data)


def test_both_start_again_at_once_after_their_parent_was_killed(
    data: DataDirectory,
    script: Callable[..., subprocess.Popen[str]],
    postgres: PostgresServer,
    redis: RedisServer,
) -> None:
    parent = script(SERVE, data.path)
    assert parent.stdout
    assert parent.stdout.readline()
    busy = keep_busy(data)
    parent.kill()
    parent.wait()
    postgres.start()
    redis.start()
    busy.close()
    assert is_running(data)


def test_a_killed_first_start_leaves_nothing_half_made(
    data: DataDirectory, script: Callable[..., subprocess.Popen[str]], postgres: PostgresServer, query: Query
) -> None:
    def half_made() -> list[Path]:
        return list(data.path.glob("postgres.new-*/base/1"))

    parent = script(SERVE, data.path)
    while not half_made():
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    assert not data.cluster.exists()
    postgres.start()
    assert query(data, "SELECT 1") == 1
    assert list(data.path.glob("postgres.new-*")) == []
