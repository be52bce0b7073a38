"""Directories and processes for the tests of the servers; everything is real, and ended afterwards."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import Signals

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class with a small name

from emeter_storage.servers import Account, DataDirectory, PostgresServer, RedisServer, child_command

ORDINARY = 64999
"""A user id that owns nothing."""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    """A data directory that does not exist yet."""
    directory = DataDirectory(tmp_path / "data")
    yield directory
    directory.unlock()
    directory.drop_run_directory()


@pytest.fixture
def postgres(data: DataDirectory) -> Iterator[PostgresServer]:
    """A PostgreSQL that the test starts."""
    server = PostgresServer(data, fsync=False)
    yield server
    server.stop()


@pytest.fixture
def redis(data: DataDirectory) -> Iterator[RedisServer]:
    """A Redis that the test starts."""
    server = RedisServer(data)
    yield server
    server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[[DataDirectory], Connection]]:
    """A function that connects to the database of a data directory."""
    with ExitStack() as stack:

        def connect_to(data: DataDirectory) -> Connection:
            connection = psycopg2.connect(
                host=str(data.run_directory), port=5432, user="emeter", dbname="emeter"
            )
            stack.callback(connection.close)
            connection.autocommit = True
            return connection

        yield connect_to


@pytest.fixture
def query(connect: Callable[[DataDirectory], Connection]) -> Callable[[DataDirectory, str], object]:
    """A function that runs a statement and returns the first value of its first row, if it has one."""

    def run(data: DataDirectory, statement: str) -> object:
        connection = connect(data)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        connection.close()
        return row[0] if row else None

    return run


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that runs Python in a process of its own, which is killed at the end."""
    with ExitStack() as stack:

        def run(source: str, *arguments: object, user: Account | None = None) -> subprocess.Popen[str]:
            argv = [sys.executable, "-c", source, *map(str, arguments)]
            if user:
                argv = child_command(argv, death_signal=Signals.SIGKILL, user=user)
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            process = subprocess.Popen(argv, text=True, cwd="/", **pipes)  # type: ignore[call-overload]
            stack.enter_context(process)
            stack.callback(process.kill)
            return process  # type: ignore[no-any-return]

        yield run


@pytest.fixture
def wait_for_end() -> Callable[[int], None]:
    """A function that waits until a process, which need not be a child of ours, has ended."""

    def wait(pid: int) -> None:
        try:
            file = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        ended, _, _ = select.select([file], [], [], 20)
        os.close(file)
        assert ended, f"process {pid} outlived its parent"

    return wait


@pytest.fixture
def ordinary_user() -> Account:
    """Another account than root and the servers'."""
    return Account("", ORDINARY, ORDINARY)
