"""How long a connection waits for PostgreSQL to answer: libpq by itself waits for ever for one that is stuck.

A server that is gone, restarted or unreachable is noticed by the system's own means; one that takes
connections and says nothing (stopped, or starved by its disk) is noticed here alone.
"""

import select
import time
from typing import ClassVar

from psycopg2 import OperationalError
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, connection, set_wait_callback

_WANTED = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


class ImpatientConnection(connection):
    """A connection that is closed, with an OperationalError, where an answer takes too long."""

    patience: ClassVar[float]
    """Seconds for each thing asked, the first one being the connection itself."""


def impatient(patience: float) -> type[ImpatientConnection]:
    """The kind of connection that waits so many seconds; others of this process wait as ever."""
    # psycopg2 has one hook for all connections of the process.
    set_wait_callback(_wait)
    return type("ImpatientConnection", (ImpatientConnection,), {"patience": patience})


def _wait(asked: connection) -> None:
    patience = asked.patience if isinstance(asked, ImpatientConnection) else None
    end = None if patience is None else time.monotonic() + patience
    while (state := asked.poll()) != POLL_OK:
        poll = select.poll()
        poll.register(asked.fileno(), _WANTED[state])
        left_ms = None if end is None else max(0.0, (end - time.monotonic()) * 1000)
        if not poll.poll(left_ms):
            # What the server would still say belongs to nobody: this connection is of no use any more.
            asked.close()
            raise OperationalError(f"no answer within {patience:g} s")
