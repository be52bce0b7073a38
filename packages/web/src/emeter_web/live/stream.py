"""One open page: its socket, who reads it, and what it has not taken yet."""

import socket
from collections import deque
from dataclasses import dataclass

from emeter_core.accounts import Seat

# A page that has not taken this much is not reading: it is dropped, and comes back by itself.
MAX_WAITING = 1024 * 1024
# A peer that vanished without a word is given up after this.
_TCP_USER_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, and to what.

    `seat` is their place in the team of the page; the stream ends with it. `revision` is that of the page
    as it was rendered. `monitors` are the public ids of the monitors it shows, None for all.
    """

    seat: Seat
    revision: str = ""
    monitors: frozenset[str] | None = None


class Stream:
    """A socket that is written without waiting. Its reader never has anything to say."""

    def __init__(self, sock: socket.socket, listener: Listener) -> None:
        self.sock, self.listener = sock, listener
        self.sent_at = 0.0
        self.asked_at: float | None = None
        """When its page was last asked to fetch itself again, or was found to be new; None before."""
        self.is_away = False
        """Whether it was told that the database is away."""
        self._waiting: deque[memoryview] = deque()
        self._size = 0
        sock.settimeout(0)
        if sock.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TCP_USER_TIMEOUT_MS)

    @property
    def is_behind(self) -> bool:
        """Whether something waits until the reader takes it."""
        return bool(self._waiting)

    def put(self, data: bytes) -> bool:
        """Write `data` as far as it is taken now; False where the stream is broken or its reader too slow."""
        self._waiting.append(memoryview(data))
        self._size += len(data)
        return self.flush() and self._size <= MAX_WAITING

    def flush(self) -> bool:
        """Write what waits as far as it is taken now; False where the stream is broken."""
        while self._waiting:
            first = self._waiting[0]
            try:
                taken = self.sock.send(first)
            except BlockingIOError:
                return True
            except OSError:
                return False
            self._size -= taken
            if taken == len(first):
                self._waiting.popleft()
            else:
                self._waiting[0] = first[taken:]
        return True
