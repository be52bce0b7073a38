"""An application behind a socket: what a test asks goes out as HTTP, and gunicorn's own parser reads it.

Of gunicorn only the processes are left out, so that a test may still look into the application and at its
clock.
"""

import socket
from collections.abc import Iterable
from http.client import HTTPResponse
from threading import Thread
from typing import Any
from urllib.parse import quote

from flask import Flask
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.sync import SyncWorker
from werkzeug.datastructures import Headers

_HERE = "127.0.0.1"
_PATIENCE_S = 60.0
_EXTENSION = "emeter_over_http"
_SAFE = "%/!$&'()*+,;=:@-._~"
_CONFIG = Config()
_CONFIG.set("errorlog", None)
_CONFIG.set("forwarded_allow_ips", "")
_LOG = Logger(_CONFIG)

Answer = tuple[Iterable[bytes], str, Headers]


class Server:
    """Listens on loopback; every connection is one request, in a thread of its own."""

    def __init__(self, app: Flask) -> None:
        self._listener = socket.create_server((_HERE, 0), backlog=128)
        self.address = self._listener.getsockname()
        self._worker = SyncWorker(0, 0, [self._listener], app, 0, _CONFIG, _LOG)
        self._worker.tmp.close()  # only its parent would look at it
        self._worker.wsgi = app
        self._claims: dict[int, str] = {}
        self._ends = False
        self._thread = Thread(target=self._accept, name="over HTTP", daemon=True)
        self._thread.start()

    def ask(self, environ: dict[str, Any]) -> Answer:
        """Send the request that is in a WSGI environment, and read what comes back.

        Of a stream that does not end only the head is read.
        """
        method, peer = environ["REQUEST_METHOD"], environ.get("REMOTE_ADDR", _HERE)
        body = environ["wsgi.input"].read()
        with socket.socket() as connection:
            connection.settimeout(_PATIENCE_S)
            if peer != _HERE:
                connection.bind((_HERE, 0))
                self._claims[connection.getsockname()[1]] = peer
            connection.connect(self.address)
            connection.sendall(_head(environ) + body)
            with HTTPResponse(connection, method=method) as answer:
                answer.begin()
                goes_on = answer.getheader("Content-Type", "").startswith("text/event-stream")
                content = b"" if goes_on else answer.read()
                return [content], f"{answer.status} {answer.reason}", Headers(answer.getheaders())

    def listen(self, path: str, cookie: str) -> socket.socket:
        """Ask for a stream, and leave its answer unread."""
        connection = socket.create_connection(self.address, _PATIENCE_S)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        return connection

    def close(self) -> None:
        """Listen no more."""
        self._ends = True
        socket.create_connection(self.address).close()
        self._thread.join(_PATIENCE_S)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, (host, port) = self._listener.accept()
            if self._ends:
                connection.close()
                return
            peer = (self._claims.pop(port, host), port)
            Thread(target=self._worker.handle, args=(self._listener, connection, peer), daemon=True).start()


def server_of(app: Flask) -> Server:
    """The server of an application, which listens from the first request on."""
    if _EXTENSION not in app.extensions:
        app.extensions[_EXTENSION] = Server(app)
    server: Server = app.extensions[_EXTENSION]
    return server


def close(app: Flask) -> None:
    """End the server of an application, if there is one."""
    if _EXTENSION in app.extensions:
        app.extensions.pop(_EXTENSION).close()


def _head(environ: dict[str, Any]) -> bytes:
    fields = {
        name[5:].replace("_", "-").title(): value for name, value in environ.items() if name[:5] == "HTTP_"
    }
    fields["Connection"] = "close"
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            fields[name.replace("_", "-")] = environ[name]
    lines = [f"{environ['REQUEST_METHOD']} {_target(environ)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _target(environ: dict[str, Any]) -> str:
    """The address as the test wrote it; what may not stand in it as it is, is quoted."""
    written = environ["RAW_URI"].partition("?")[0].partition("#")[0]
    path = quote(written.encode("latin-1"), safe=_SAFE) if written.startswith("/") else "/"
    query = quote(environ["QUERY_STRING"].encode("latin-1"), safe=_SAFE + "?")
    return f"{path}?{query}" if query else path
