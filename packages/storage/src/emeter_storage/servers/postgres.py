"""The embedded PostgreSQL 18."""

import socket
import struct
from contextlib import closing, suppress
from pathlib import Path
from signal import Signals

import psycopg2

from emeter_storage.servers import leftovers
from emeter_storage.servers.account import current_user
from emeter_storage.servers.cluster import make_cluster, program
from emeter_storage.servers.data_directory import DataDirectory
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.postgres_files import write_files
from emeter_storage.servers.server import Server

_PROGRAMS = ("postgres",)
_SHUTDOWN = 5.0
"""Seconds that a server of an earlier run has to shut down in order."""
_ON_ITS_WAY = ("starting up", "not yet accepting connections", "in recovery mode")
# Somebody of an earlier run still holds the lock file or the shared memory.
_PASSING = ("already exists", "still in use", "shutting down")
# A client's request for TLS, which every server answers with one letter before it asks who is there; from
# PostgreSQL's "Message Formats", SSLRequest.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class PostgresServer(Server):
    """A PostgreSQL of a data directory, on a socket alone; `fsync=False` is for tests, which may lose it."""

    name = "postgres"
    # Both times a fast shutdown: transactions are rolled back, and there is nothing to recover at the next
    # start.
    death_signal = Signals.SIGINT
    stop_signals = (Signals.SIGINT, Signals.SIGQUIT, Signals.SIGKILL)

    def __init__(self, data_directory: DataDirectory, *, fsync: bool = True) -> None:
        super().__init__(data_directory)
        self._fsync = fsync

    @property
    def url(self) -> str:
        """The URL for SQLAlchemy."""
        return self.data.database_url

    def prepare(self) -> None:
        """Make the cluster on the first start, and its files of settings at each."""
        client = current_user()
        make_cluster(self.data, fsync=self._fsync)
        write_files(self.data.cluster, self.data.run_directory, client, self.data.account, fsync=self._fsync)

    def clear(self) -> None:
        """End what is left of an earlier server, and its lock files with it.

        Lock files name a pid which may be another process by now, so that PostgreSQL would wait for ever;
        without the processes they guard nothing. While a process lives they stay: they keep a second server
        from its files.
        """
        cluster = self.data.cluster
        master = _recorded_pid(cluster / "postmaster.pid")
        if master in leftovers.servers_in(cluster, _PROGRAMS):
            # The kernel told it to shut down fast when its parent ended; let it, and there is no recovery.
            leftovers.wait(cluster, _PROGRAMS, _SHUTDOWN)
        schedule = [(0.0, Signals.SIGQUIT), (3.0, Signals.SIGKILL)]
        if not leftovers.end(cluster, _PROGRAMS, schedule):
            raise ServerError(f"An earlier PostgreSQL in {cluster} does not end")
        for path in (cluster / "postmaster.pid", *self.data.run_directory.glob(".s.PGSQL.*")):
            path.unlink(missing_ok=True)

    def command(self) -> tuple[list[str], Path]:
        """Return the server with the place of its files."""
        return [program("postgres"), "-D", str(self.data.cluster)], self.data.cluster

    def answers(self) -> bool | None:
        """Say whether the database can be used, which is made where it is missing."""
        try:
            self._ensure_database()
        except psycopg2.OperationalError as error:
            return None if any(words in str(error) for words in _ON_ITS_WAY) else False
        return True

    def may_pass(self, news: str) -> bool:
        """Say whether an earlier server is all that stands in the way."""
        return any(words in news for words in _PASSING)

    def _ensure_database(self) -> None:
        connection = psycopg2.connect(
            host=str(self.data.run_directory), port=5432, user="emeter", dbname="postgres", connect_timeout=5
        )
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'emeter'")
                if not cursor.fetchone():
                    cursor.execute("CREATE DATABASE emeter")


def answers_at(run_directory: Path) -> bool:
    """Say whether a PostgreSQL answers at its socket in this directory within a second."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(run_directory / ".s.PGSQL.5432"))
        client.sendall(_SSL_REQUEST)
        return client.recv(1) in {b"N", b"S"}
    return False


def _recorded_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
