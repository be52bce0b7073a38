"""For who cannot wait: a PostgreSQL that stands still is given up from here, where time goes on.

Its own `statement_timeout` stands still as well, and no timeout of TCP helps: over a Unix socket there is
none, and the host of a stopped server still acknowledges. So each connection notes until when it must have
been answered, and a thread shuts the sockets of those who wait in vain; libpq, which waits there, then finds
the connection broken.
"""

import logging
import math
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2.sql import Composable
from sqlalchemy import Engine, event

_LOOK_EVERY_S = 0.5
# Who is refused is told at once; what took longer than this was silence.
_SILENCE_S = 0.5
# While PostgreSQL is silent one tries to reach it; the others wait no longer than until it has so long.
_TURN_S = 0.5
_Query = str | bytes | Composable
_Variables = Sequence[Any] | Mapping[str, Any] | None
_log = logging.getLogger(__name__)


class Deadline:
    """Gives up the connections of one engine that wait too long for an answer.

    A statement, a commit and a rollback have `statement` seconds each; the question whether a connection that
    was at rest still works has `ping` seconds.
    """

    def __init__(self, *, ping: float, statement: float) -> None:
        self._ping, self._statement = ping, statement
        self._lock = threading.Lock()
        self._connections = weakref.WeakSet[WatchedConnection]()
        self._thread: threading.Thread | None = None
        self._is_silent = False
        self._turn = threading.Lock()
        self._turn_began = 0.0

    def watch(self, engine: Engine) -> None:
        """Give the engine's connections their time; they must have been made by `connect`."""
        event.listen(engine, "checkout", self._is_handed_out)
        event.listen(engine, "checkin", self._is_at_rest)

    def connect(self, dsn: str) -> "WatchedConnection":
        """Connect as psycopg2 does, for its argument `connection_factory`; raises its OperationalError.

        After a silence one tries and the others hear of it soon, so that not all of them stand there.
        """
        if not self._is_silent:
            return self._connect(dsn)
        left = max(0.0, self._turn_began + _TURN_S - time.monotonic())
        if not self._turn.acquire(timeout=left):
            raise psycopg2.OperationalError("PostgreSQL says nothing; another waits for it already")
        try:
            self._turn_began = time.monotonic()
            return self._connect(dsn)
        finally:
            self._turn.release()

    def _connect(self, dsn: str) -> "WatchedConnection":
        began = time.monotonic()
        try:
            connection = WatchedConnection(dsn, self._ping)
        except psycopg2.OperationalError:
            self._is_silent = time.monotonic() - began > _SILENCE_S
            raise
        self._is_silent = False
        with self._lock:
            self._connections.add(connection)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="database deadline", daemon=True)
                self._thread.start()
        return connection

    def _is_handed_out(self, connection: Any, *_rest: object) -> None:  # noqa: ANN401 - as SQLAlchemy has it
        connection.waiting.allowed = self._statement

    def _is_at_rest(self, connection: Any, *_rest: object) -> None:  # noqa: ANN401 - as SQLAlchemy has it
        if connection is not None:  # As it is where it was given up.
            connection.waiting.allowed = self._ping

    def _run(self) -> None:
        """Look as long as there are connections; the next one has a new thread."""
        while self._look():
            time.sleep(_LOOK_EVERY_S)

    def _look(self) -> bool:
        with self._lock:
            connections = list(self._connections)
            if not connections:
                self._thread = None
                return False
        now = time.monotonic()
        given_up = sum(connection.give_up_if_late(now) for connection in connections)
        if given_up:
            self._is_silent = True
            _log.warning("PostgreSQL says nothing: %d connections are given up.", given_up)
        return True


class Waiting:
    """Until when PostgreSQL must have answered: entered with a question, left with the answer."""

    __slots__ = ("_lock", "_until", "allowed")

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        """Seconds for the next answer."""
        self._until = math.inf
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._until = time.monotonic() + self.allowed

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._until = math.inf

    def end_if_late(self, now: float, descriptor: int) -> bool:
        """Shut the socket where the answer is late; whether it was.

        The lock settles the race with an answer: whoever has it is not cut off at the next question.
        """
        with self._lock:
            if now < self._until:
                return False
            self._until = math.inf
            with socket.socket(fileno=os.dup(descriptor)) as ours:
                try:
                    ours.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return False  # The server has closed it just now.
            return True


class WatchedConnection(psycopg2.extensions.connection):
    """A connection whose every wait for PostgreSQL can be ended from another thread."""

    def __init__(self, dsn: str, allowed: float) -> None:
        super().__init__(dsn)
        self.cursor_factory = WatchedCursor
        self.waiting = Waiting(allowed)
        # One of our own: libpq closes its own when it likes, and the number may then be somebody else's.
        self._descriptor = os.dup(self.fileno())
        self._let_go = weakref.finalize(self, os.close, self._descriptor)
        self._let_go.atexit = False
        self._closing = threading.Lock()

    def commit(self) -> None:
        """End the transaction, and keep what it did."""
        with self.waiting:
            super().commit()

    def rollback(self) -> None:
        """End the transaction, and forget what it did."""
        with self.waiting:
            super().rollback()

    def close(self) -> None:
        """Let go of the connection."""
        super().close()
        with self._closing:
            self._let_go()

    def give_up_if_late(self, now: float) -> bool:
        """Break the connection where it waits too long; whether it did."""
        with self._closing:
            return self._let_go.alive and self.waiting.end_if_late(now, self._descriptor)


class WatchedCursor(psycopg2.extensions.cursor):
    """A cursor of such a connection."""

    __slots__ = ()

    connection: WatchedConnection

    def execute(self, query: _Query, variables: _Variables = None) -> None:
        """Send a statement and wait for its answer."""
        with self.connection.waiting:
            super().execute(query, variables)

    def executemany(self, query: _Query, variables: Iterable[_Variables]) -> None:
        """Do the same again and again; the time is that of all together."""
        with self.connection.waiting:
            super().executemany(query, variables)

    def copy_expert(self, sql: _Query, file: Any, size: int = 8192) -> None:  # noqa: ANN401 - as psycopg2 has it
        """Copy from the file or into it."""
        with self.connection.waiting:
            super().copy_expert(sql, file, size)
