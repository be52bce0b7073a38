"""A target in a process of its own: however busy a test is, it answers at once and notes who came."""

import asyncio
import os
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

_NOTE = struct.Struct("<dI")
_ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nhello\n"
_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsorry\n"
_BACKLOG = 4096

TURNING = 100_000
"""Pages with a number from this on are well and broken by turns, those before are always well."""

TURN_S = 30.0
_APART_S = 7.0
"""Seconds by which a page turns before the one that has the number before."""


def is_broken(number: int, at: float) -> bool:
    """What a page is like, in seconds since 1970."""
    return number >= TURNING and int((at + _APART_S * (number - TURNING)) // TURN_S) % 2 == 1


class Site:
    """A port of 127.0.0.1 with a page for each number; its notes are kept in a file. Close it at the end."""

    def __init__(self, notes: Path) -> None:
        self.until_closed = ExitStack()
        """What else ends with it."""
        self._notes = notes
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(notes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def url(self, number: int) -> str:
        """The page of a number."""
        return f"http://127.0.0.1:{self.port}/{number}"

    def arrivals(self) -> dict[int, list[float]]:
        """When each page was asked for so far, in seconds since 1970."""
        found: dict[int, list[float]] = defaultdict(list)
        noted = self._notes.read_bytes()
        for at, number in _NOTE.iter_unpack(noted[: len(noted) // _NOTE.size * _NOTE.size]):
            found[number].append(at)
        return found

    def close(self) -> None:
        """End the process."""
        self.until_closed.close()
        self._process.communicate(timeout=10)


class _Connection(asyncio.Protocol):
    """Answers one request and closes."""

    def __init__(self, notes: int) -> None:
        self._notes = notes
        self._asked = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        if self._asked.endswith(b"\r\n\r\n"):
            at, number = time.time(), int(self._asked.split(b" ", 2)[1][1:])
            os.write(self._notes, _NOTE.pack(at, number))
            self._transport.write(_BROKEN if is_broken(number, at) else _ANSWER)
            self._transport.close()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


async def _serve(notes: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(notes), "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - told to its parent
    await server.serve_forever()


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_serve(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)))
