"""Transfers that go on for ever and hand nothing over, found by what they take from their sockets.

What comes by TLS and is no answer (tickets, updates of keys, requests for a handshake) OpenSSL takes message
by message and does not return while there is more to read: one server that sends faster than they are taken
would hold the engine's thread, and with it every other check. libcurl has no limit for it, and none for the
extensions of chunks (RFC 9112 7.1.1) either.
"""

import fcntl
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from emeter_core.logs import get_logger

_log = get_logger(__name__)

WORDS = "it kept sending what is no part of an answer"

FREE_BYTES = 1024 * 1024
"""What a transfer may take beyond its answer: a handshake has 0.2 MiB at most."""

BYTES_PER_BYTE = 8
"""What it may take for each byte of its answer: chunks of a byte have 6."""

_LOOK = 0.05
_LOOKS_AT_ALL = 10
"""Looks at one and the same call of no known socket, from which on all are looked at: that takes time from
the engine, which may merely wait for its turn on a busy machine."""

_GAVE_MORE = 3
"""Looks, within one and the same call of libcurl, at which a socket had given more than at the one before. An
honest one is read for less than a millisecond a call, 160 KiB at most: between two looks, or across one."""

_REMEMBERED = 1.0

_BYTES_RECEIVED = 128
"""Where `tcpi_bytes_received` stands in `struct tcp_info` of linux/tcp.h, since Linux 4.1."""


def taken(fd: int) -> int:
    """Bytes that were read from a TCP socket so far; 0 for what is none, or no longer open."""
    try:
        with _borrowed(fd) as connection:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
            unread = int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
        received: int = struct.unpack_from("Q", info, _BYTES_RECEIVED)[0]
    except (OSError, struct.error):
        return 0
    return received - unread


class StuckWatch:
    """A thread beside the engine's that hangs up on whoever holds it; see the module."""

    def __init__(self, sockets: set[int]) -> None:
        self.call: tuple[int, int] | None = None
        """The call of libcurl that the engine is in: its number, and the socket that it is about, or -1."""
        self.cut: dict[int, float] = {}
        """The local ports of connections that were ended, and when."""
        self._sockets = sockets
        self._calls = 0
        self._call_before: tuple[int, int] | None = None
        self._looks = 0
        self._taken: dict[int, tuple[int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-watch", daemon=True)

    def start(self) -> None:
        """Begin to look; does nothing from the second time on."""
        if self._thread.ident is None:
            self._thread.start()

    def forget(self, now: float) -> None:
        """Let go of the ports that other connections may have by now; a transfer that was over tells none."""
        for port in [port for port, at in self.cut.items() if at < now - _REMEMBERED]:
            del self.cut[port]

    def enter(self, fd: int = -1) -> None:
        """Note that libcurl is called, about a socket where one is known; `call` is None again afterwards."""
        self._calls += 1
        self.call = self._calls, fd

    def close(self) -> None:
        """End the thread, if there is one."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_LOOK):
            self._look()

    def _look(self) -> None:
        call = self.call
        is_stuck = call is not None and call == self._call_before
        self._call_before = call
        if call is None or not is_stuck:
            self._taken.clear()
            self._looks = 0
            return
        self._looks += 1
        if call[1] >= 0:
            self._look_at(call[1])
        elif self._looks >= _LOOKS_AT_ALL:
            for fd in self._sockets.copy():
                self._look_at(fd)

    def _look_at(self, fd: int) -> None:
        amount = taken(fd)
        before, times = self._taken.get(fd, (amount, 0))
        if amount > before:
            times += 1
            if times == _GAVE_MORE:
                self._hang_up(fd)
        self._taken[fd] = amount, times

    def _hang_up(self, fd: int) -> None:
        """Have libcurl find the end of what it reads."""
        try:
            with _borrowed(fd) as connection:
                port, peer = connection.getsockname()[1], connection.getpeername()[0]
                self.cut[port] = time.monotonic()
                connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It went by itself.
            return
        _log.warning("a target held the engine up and was cut off", address=peer)


@contextmanager
def _borrowed(fd: int) -> Iterator[socket.socket]:
    """A descriptor of libcurl's as a socket; it stays open, and libcurl's."""
    connection = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=fd)
    try:
        yield connection
    finally:
        connection.detach()
