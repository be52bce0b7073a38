"""An errand: what one thread does on the network, guarded and cut off at its deadline.

Both are done from an audit hook on `socket.connect`, and so hold for whatever library connects: no name that
is looked up twice, no redirect and no proxy leads past the guard, and a peer that trickles byte after byte,
each within the time-out of its read, is cut off all the same.
"""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import cast

from emeter_checker.guard import AddressGuard


class Blocked(Exception):  # noqa: N818 - the word for it everywhere
    """The address must not be dialled. No OSError: libraries would go on to the next address of the name."""


class Overdue(Exception):  # noqa: N818 - as above
    """The deadline had passed before this address was dialled."""


class Errand:
    """The connections of one thread, up to a deadline; made by `errand`."""

    def __init__(self, guard: AddressGuard | None) -> None:
        self.is_cut = False
        """Whether the deadline has passed."""
        self._guard = guard
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timers: list[threading.Timer] = []

    @property
    def milliseconds(self) -> int:
        """How long it has lasted."""
        return round((time.monotonic() - self._began) * 1000)

    def cut_in(self, seconds: float) -> None:
        """Set a deadline; of several the first one counts."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def connecting(self, dialled: socket.socket, address: object) -> None:
        """Take note of a socket that is about to connect; raises Blocked, or Overdue after the deadline."""
        why = self._why_not(address)
        with self._lock:
            if why is None and not self.is_cut:
                # A descriptor of our own: TLS takes the socket apart and puts it together as another.
                self._sockets.append(dialled.dup())
                return
        # Whoever opened it does not expect these errors, and would leave it open.
        dialled.close()
        raise Overdue if why is None else Blocked(why)

    def end(self) -> None:
        """Let go of everything."""
        for timer in self._timers:
            timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()

    def _why_not(self, address: object) -> str | None:
        if self._guard is None:
            return None
        # What is no pair of host and port, such as the path of a Unix socket, is no address to the guard.
        if not isinstance(address, tuple) or len(address) < 2:  # noqa: PLR2004 - host and port
            return self._guard.verdict("")
        return self._guard.verdict(str(address[0]), int(address[1]))

    def _cut(self) -> None:
        with self._lock:
            self.is_cut = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    errand: Errand | None = None


_current = _Current()


@contextmanager
def errand(seconds: float, guard: AddressGuard | None) -> Iterator[Errand]:
    """Have what this thread connects to inside the block judged by `guard` and cut off after `seconds`.

    Looking a name up is not cut off: its end is the system's own, some ten seconds.
    """
    _watch_connects()
    begun = Errand(guard)
    begun.cut_in(seconds)
    _current.errand = begun
    try:
        yield begun
    finally:
        _current.errand = None
        begun.end()


@cache
def _watch_connects() -> None:
    """Add the hook, once: Python never lets go of one."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    # Called for every event of the interpreter: the first line is all that most of them cost.
    if event != "socket.connect":
        return
    current = _current.errand
    if current is not None:
        current.connecting(cast("socket.socket", arguments[0]), arguments[1])
