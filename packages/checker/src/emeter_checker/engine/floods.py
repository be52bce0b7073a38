"""Transfers that go on for ever and hand nothing over, found by what they take from their sockets.

What comes by TLS and is no answer (tickets, updates of keys, requests for a handshake) OpenSSL takes message
by message and does not return while there is more to read: one server that sends faster than they are taken
would hold the engine's thread, and with it every other check. libcurl has no limit for it, and none for the
extensions of chunks (RFC 9112 7.1.1) either.
"""

import fcntl
import os
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
"""Looks at one and the same call from which on all sockets are looked at, for a call about one of them sees
to others that are due as well. That takes time from the engine, which may merely wait for its turn."""

_MOST_A_CALL_READS = 256 * 1024
"""Bytes that libcurl reads from one socket before it sees to others: ten times 16 KiB, and what TLS adds."""

_REMEMBERED = 1.0
"""Seconds for which the port of a connection that was cut off is known."""

_BYTES_RECEIVED = 128
"""Where `tcpi_bytes_received` stands in `struct tcp_info` of linux/tcp.h, since Linux 4.1."""


def taken(connection: socket.socket) -> int:
    """Bytes that were read from a TCP socket so far; 0 for what is none, or no longer open."""
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
        unread = int.from_bytes(fcntl.ioctl(connection, termios.FIONREAD, bytes(4)), sys.byteorder)
        received: int = struct.unpack_from("Q", info, _BYTES_RECEIVED)[0]
    except (OSError, ValueError, struct.error):
        return 0
    return received - unread


@contextmanager
def borrowed(fd: int) -> Iterator[socket.socket]:
    """A descriptor of libcurl's as a socket; it stays open, and libcurl's."""
    connection = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=fd)
    try:
        yield connection
    finally:
        connection.detach()


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
        self._seen: dict[int, int] = {}
        self._held: dict[int, tuple[socket.socket, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-watch", daemon=True)

    def start(self) -> None:
        """Begin to look; does nothing from the second time on."""
        if self._thread.ident is None:
            self._thread.start()

    def forget(self, now: float) -> None:
        """Let go of the ports that other connections may have by now; a transfer that was over tells none."""
        for port in [port for port, at in list(self.cut.items()) if at < now - _REMEMBERED]:
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
        self._let_go()

    def _look(self) -> None:
        call = self.call
        is_stuck = call is not None and call == self._call_before
        self._call_before = call
        if call is None or not is_stuck:
            self._let_go()
            return
        self._looks += 1
        if call[1] >= 0:
            self._hold(call, call[1])
        if self._looks >= _LOOKS_AT_ALL:
            self._look_at_all(call)
        for fd, (connection, before) in list(self._held.items()):
            if taken(connection) - before > _MOST_A_CALL_READS and self.call == call:
                self._hang_up(connection)
                self._held[fd] = connection, taken(connection)

    def _look_at_all(self, call: tuple[int, int]) -> None:
        """Hold those that gave something since the last look: there are too many to hold all."""
        for fd in self._sockets.copy():
            try:
                with borrowed(fd) as connection:
                    amount = taken(connection)
            except OSError:
                continue
            if amount > self._seen.setdefault(fd, amount):
                self._hold(call, fd)

    def _hold(self, call: tuple[int, int], fd: int) -> None:
        """Hold a connection, so that its number is no other's when it is hung up on.

        It is libcurl's where the number is that before and after, within the same call: libcurl lets go of a
        number before it closes it.
        """
        if fd in self._held or fd not in self._sockets:
            return
        try:
            connection = socket.socket(fileno=os.dup(fd))
        except OSError:
            return
        if self.call == call and fd in self._sockets:
            self._held[fd] = connection, taken(connection)
        else:
            connection.close()

    def _let_go(self) -> None:
        for connection, _ in self._held.values():
            connection.close()
        self._held.clear()
        self._seen.clear()
        self._looks = 0

    def _hang_up(self, connection: socket.socket) -> None:
        """Have libcurl find the end of what it reads."""
        try:
            port, peer = connection.getsockname()[1], connection.getpeername()[0]
            self.cut[port] = time.monotonic()
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It went by itself.
            return
        _log.warning("a target held the engine up and was cut off", address=peer)
