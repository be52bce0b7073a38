"""Takes a connection out of gunicorn's hands, so that an open page holds none of its threads.

gunicorn knows a connection by the number of its file descriptor. That number is made to mean another socket,
a stand-in whose other end hears gunicorn out and hangs up; the connection lives on under a new number. So
gunicorn answers, counts and closes as with anybody who read the answer and went, and nothing that it does
to its socket, shutdown(2) included, reaches the page.
"""

import contextlib
import os
import socket
import ssl
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

from flask import Response
from werkzeug.http import http_date
from werkzeug.wsgi import ClosingIterator

from emeter_core.logs import get_logger
from emeter_web.live.hub import Hub
from emeter_web.live.stream import Listener

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SOCKET = "gunicorn.socket"
# Pages that cannot be followed come again, and fetch themselves anew, in this rhythm.
_RETRY_MS = 15_000
_MAX_HEAD = 65_536
_log = get_logger("emeter.web")


class EventStream(Response):
    """An answer that goes on: its connection is the hub's as soon as the request is over.

    Where there is no connection to take, or no room, it ends at once and the page asks again later.
    """

    def __init__(self, hub: Hub, listener: Listener) -> None:
        super().__init__(f"retry: {_RETRY_MS}\n\n", mimetype="text/event-stream")
        self._hub, self._listener = hub, listener
        self.headers["Cache-Control"] = "no-store"
        # nginx would collect what it is to pass on.
        self.headers["X-Accel-Buffering"] = "no"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer gunicorn's stand-in, and the page by the hub."""
        answer = super().__call__(environ, start_response)
        given = environ.get(_SOCKET)
        if environ["REQUEST_METHOD"] != "GET" or not _is_plain(given) or not self._hub.has_room:
            return answer
        try:
            connection, end = swap(given)
        except OSError:
            _log.warning("There are too few file descriptors for the pages that are open.")
            return answer
        self._hub.open(connection, self._listener, self._head())
        return ClosingIterator(answer, partial(_hang_up, end))

    def _head(self) -> bytes:
        """The head of our own answer: it ends with the connection, so there is neither length nor chunk."""
        ours = {"Date": http_date(), "Connection": "close"}
        fields = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        lines = [f"{name}: {value}\r\n" for name, value in (*fields, *ours.items())]
        return f"HTTP/1.1 {self.status}\r\n{''.join(lines)}\r\n".encode("latin-1")


def swap(given: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Take the connection out of a socket and leave a stand-in there; returns it and the other end of that.

    Whoever has `given` goes on with the stand-in: it can be written to, and reading it finds its end.
    """
    stand_in, end = socket.socketpair()
    end.shutdown(socket.SHUT_WR)
    try:
        connection = socket.socket(fileno=os.dup(given.fileno()))
        os.dup2(stand_in.fileno(), given.fileno(), inheritable=False)
    finally:
        stand_in.close()
    return connection, end


def _hang_up(end: socket.socket) -> None:
    """Close the stand-in's other end: what was written is read first, else that would look like a break."""
    end.settimeout(0)
    with contextlib.suppress(OSError):
        end.recv(_MAX_HEAD)
    end.close()


def _is_plain(given: object) -> TypeGuard[socket.socket]:
    return isinstance(given, socket.socket) and not isinstance(given, ssl.SSLSocket)
