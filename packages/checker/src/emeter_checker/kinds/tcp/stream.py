"""A connection on the asyncio loop, plain or secured; without transports, for a check reads little."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_R = TypeVar("_R")
_CHUNK = 16_384
_MOST_TLS = 1024 * 1024
"""Bytes that may come by TLS: far more than what is listened to and a handshake of 0.2 MiB. The rest are
messages that say nothing, which OpenSSL takes without end."""


async def connect(address: str, port: int) -> socket.socket:
    """Open a connection to a vetted address; raises OSError where that fails."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        # Also where the deadline comes first.
        connection.close()
        raise
    return connection


class Stream:
    """Bytes to and fro, as they are."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send all of `data`; raises OSError."""
        await self._loop.sock_sendall(self._connection, data)

    async def receive(self) -> bytes:
        """What has come, empty at the end; raises OSError."""
        return await self._loop.sock_recv(self._connection, _CHUNK)

    def close(self) -> None:
        """Hang up at once."""
        self._connection.close()


class TlsStream(Stream):
    """The same through TLS; after `shake_hands`, which raises ssl.SSLError where there is no agreement."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, name: str) -> None:
        super().__init__(connection)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._room = _MOST_TLS

    async def shake_hands(self) -> None:
        """Shake hands; the certificate is judged as the context says."""
        await self._drive(self._tls.do_handshake)

    @property
    def certificate(self) -> bytes | None:
        """The server's own certificate as it was sent (DER); None before the handshake."""
        return self._tls.getpeercert(binary_form=True)

    async def send(self, data: bytes) -> None:
        """Send all of `data`; raises OSError."""
        await self._drive(lambda: self._tls.write(data))

    async def receive(self) -> bytes:
        """What has come, empty at the end, said or not; raises OSError."""
        try:
            return await self._drive(lambda: self._tls.read(_CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def close(self) -> None:
        """Say goodbye, if the system takes it at once, and hang up."""
        with suppress(OSError):
            # It raises, for it would like to wait for an answer: what is to be sent is there by then.
            self._tls.unwrap()
        self._flush_at_once()
        super().close()

    async def _drive(self, step: Callable[[], _R]) -> _R:
        """Do a step of TLS, fetching what it lacks and sending what it has to say."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fetch()
            except ssl.SSLError:
                # The alert that tells the server why.
                self._flush_at_once()
                raise
            else:
                await self._flush()
                return result

    async def _fetch(self) -> None:
        received = await self._loop.sock_recv(self._connection, _CHUNK)
        self._room -= len(received)
        if self._room < 0:
            raise ssl.SSLError("it kept sending what is no part of an answer")
        self._incoming.write(received) if received else self._incoming.write_eof()
        # What is there is received at once, and others would never have their turn.
        await asyncio.sleep(0)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._connection, self._outgoing.read())

    def _flush_at_once(self) -> None:
        if self._outgoing.pending:
            with suppress(OSError):
                self._connection.send(self._outgoing.read())
