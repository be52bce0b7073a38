"""Sends echo requests and hears what becomes of them: one socket for all checks of an IP version.

With a raw socket for each check, all of them would hear every packet that comes to this machine.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from secrets import randbelow

from icmplib import ICMPRequest, ICMPSocketError, ICMPv4Socket, ICMPv6Socket, SocketPermissionError

from emeter_checker.kinds.ping.packets import V4, V6, Echo, Version, read_echo

_SOCKETS = {V4: ICMPv4Socket, V6: ICMPv6Socket}
_PAYLOAD = b"E-Meter looks whether you are there. " + b"." * 19  # 56 bytes, as `ping` sends
_SEQUENCES = 0x10000
_AT_ONCE = 256
"""Packets that are read before others have their turn on the loop."""
_LONGEST = 2048
_BUFFER = 1024 * 1024

OnEcho = Callable[[Echo, float], None]


class Forbidden(Exception):  # noqa: N818 - no error of ours, and its text is for a person
    """This machine lets us open no socket for ICMP."""

    def __init__(self) -> None:
        super().__init__(
            "neither the sysctl net.ipv4.ping_group_range nor CAP_NET_RAW allows it: set the sysctl to "
            "'0 2147483647', or give the worker that capability"
        )


class Pinger:
    """All echo requests of one IP version; lives on the loop. To make it raises Forbidden or OSError."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._socket = _open(version)
        self._waiting: dict[int, tuple[str, OnEcho]] = {}
        self._sequence = randbelow(_SEQUENCES)
        self._identifier = randbelow(_SEQUENCES)
        # The kernel sets an identifier of its own on unprivileged sockets, and sorts by it.
        self._is_raw = self._socket.is_privileged
        asyncio.get_running_loop().add_reader(self._socket.sock, self._hear)

    def send(self, address: str, on_echo: OnEcho) -> int:
        """Send one request; `on_echo` is called with what becomes of it and when. Raises OSError.

        Returns the number by which it is given up.
        """
        sequence = self._free_sequence()
        request = ICMPRequest(address, self._identifier, sequence, payload=_PAYLOAD)
        try:
            self._socket.send(request)
        except ICMPSocketError as error:
            raise _cause(error) from None
        self._waiting[sequence] = address, on_echo
        return sequence

    def give_up(self, sequence: int) -> None:
        """Wait for it no longer."""
        self._waiting.pop(sequence, None)

    def close(self) -> None:
        """Close the socket; the loop is over by now."""
        self._socket.close()

    def _free_sequence(self) -> int:
        if len(self._waiting) >= _SEQUENCES:
            raise BlockingIOError
        while True:
            self._sequence = (self._sequence + 1) % _SEQUENCES
            if self._sequence not in self._waiting:
                return self._sequence

    def _hear(self) -> None:
        sock: socket.socket = self._socket.sock
        has_header = self._is_raw and self._version is V4
        for _ in range(_AT_ONCE):
            try:
                packet, (source, *_) = sock.recvfrom(_LONGEST)
            except OSError:
                # Nothing more.
                return
            echo = read_echo(packet, source, self._version, has_header=has_header)
            if echo is not None:
                self._take(echo, time.monotonic())

    def _take(self, echo: Echo, now: float) -> None:
        address, on_echo = self._waiting.get(echo.sequence, ("", None))
        is_ours = not self._is_raw or echo.identifier == self._identifier
        if on_echo is not None and is_ours and echo.address == address:
            del self._waiting[echo.sequence]
            on_echo(echo, now)


def _open(version: Version) -> ICMPv4Socket | ICMPv6Socket:
    """A socket for anybody where the kernel has them, else a raw one."""
    try:
        opened = _made(version, privileged=False)
    except SocketPermissionError:
        try:
            opened = _made(version, privileged=True)
        except SocketPermissionError:
            raise Forbidden from None
    opened.blocking = False
    opened.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    return opened


def _made(version: Version, *, privileged: bool) -> ICMPv4Socket | ICMPv6Socket:
    try:
        return _SOCKETS[version](privileged=privileged)
    except SocketPermissionError:
        raise
    except ICMPSocketError as error:
        raise _cause(error) from None


def _cause(error: ICMPSocketError) -> OSError:
    """The error of the kernel, which icmplib tells in words alone."""
    cause = error.__context__
    return cause if isinstance(cause, OSError) else OSError(str(error))
