"""Real servers on loopback whose behaviour can be changed while they run."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
_PATIENCE = 10.0
_CHUNK = b"x" * 65536


class Connection(asyncio.Protocol):
    """One connection to a target; behaviours are functions of it, called with each request."""

    def __init__(self, target: "Target") -> None:
        self.target = target
        self.transport: asyncio.Transport
        self.path = ""
        self._data = b""
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.target.open.add(transport)
        if self.target.behaviour is close_at_once:
            transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.target.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if b"\r\n\r\n" in self._data:
            self.path = self._data.split(b" ", 2)[1].decode("latin-1")
            self._data = b""
            self.target.arrivals.append((time.time(), self.path))
            self.target.behaviour(self)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.pour()

    def answer(self, status: str, *fields: str) -> None:
        """Answer once and close."""
        lines = (f"HTTP/1.1 {status}", "Connection: close", "Content-Length: 6", *fields, "", "hello\n")
        self.transport.write("\r\n".join(lines).encode())
        self.transport.close()

    def pour(self) -> None:
        """Write as long as anybody reads."""
        if not self._full and not self.transport.is_closing():
            self.transport.write(_CHUNK)
            asyncio.get_running_loop().call_soon(self.pour)


Behaviour = Callable[[Connection], None]


def ok(connection: Connection) -> None:
    connection.answer("200 OK")


def broken(connection: Connection) -> None:
    connection.answer("500 Internal Server Error")


def hang(_connection: Connection) -> None:
    """Take the request and say nothing."""


def close_at_once(_connection: Connection) -> None:
    """The connection is closed before the request can come."""


def endless(connection: Connection) -> None:
    connection.transport.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection.pour()


def round_and_round(connection: Connection) -> None:
    connection.answer("302 Found", f"Location: {connection.path}")


class Target:
    """One port of 127.0.0.1, its own for as long as the targets run, whether it listens or not."""

    def __init__(self, targets: "Targets", behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
        self.behaviour = behaviour
        self.arrivals: list[tuple[float, str]] = []
        """When each request came (seconds since 1970), and for which path."""
        self.open: set[asyncio.Transport] = set()
        self._targets, self._tls = targets, tls
        self._server: asyncio.Server | None = None
        self._holder: socket.socket | None = _bound(0)
        self.port: int = self._holder.getsockname()[1]

    def url(self, path: str = "/", host: str = LOOPBACK) -> str:
        return f"http{'s' if self._tls else ''}://{host}:{self.port}{path}"

    def start(self) -> None:
        """Listen from now on."""
        self._targets.call(self._start())

    def stop(self) -> None:
        """Refuse connections from now on, and break those that are open."""
        self._targets.call(self._stop())

    async def _start(self) -> None:
        if self._holder:
            self._holder.close()
            self._holder = None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), LOOPBACK, self.port, ssl=self._tls, backlog=1024
        )

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
            self._holder = _bound(self.port)
        for transport in list(self.open):
            transport.abort()

    def release(self) -> None:
        """Let go of the port."""
        if self._holder:
            self._holder.close()


class Targets:
    """The thread in which all targets run."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_note)
        self._all: list[Target] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name="targets", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the targets' thread and wait for its end."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_PATIENCE)

    def serve(
        self, behaviour: Behaviour = ok, *, tls: ssl.SSLContext | None = None, listen: bool = True
    ) -> Target:
        """A target of its own port, listening unless told otherwise."""
        target = Target(self, behaviour, tls)
        self._all.append(target)
        if listen:
            target.start()
        return target

    def close(self) -> None:
        """End all targets and the thread."""
        for target in self._all:
            target.stop()
            target.release()
        # What was aborted is let go in the loop's next turns.
        self.call(asyncio.sleep(0.05))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_PATIENCE)
        self.loop.close()


def _bound(port: int) -> socket.socket:
    """A socket that holds a port without listening: who connects is refused."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with contextlib.ExitStack() as stack:
        stack.callback(holder.close)
        holder.bind((LOOPBACK, port))
        stack.pop_all()
    return holder


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over clients that go away in the middle: that is what some tests are about."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)
