"""One talk with a port, from the connection to the verdict."""

import asyncio
import socket
import ssl
from contextlib import closing, suppress
from typing import Any

from emeter_checker.kinds.addresses import TRY_NEXT
from emeter_checker.kinds.evidence import Certificate, certificate, without_secrets
from emeter_checker.kinds.looped import Errand
from emeter_checker.kinds.stopwatch import Stopwatch
from emeter_checker.kinds.tcp.stream import Stream, TlsStream, connect
from emeter_checker.kinds.tcp.trust import context, of_error, read_certificate, tls_words_of
from emeter_checker.kinds.tcp.words import secrets_in, shown
from emeter_checker.kinds.verdict import TOO_BUSY, is_late, of_connect, words_of
from emeter_core.monitors import expected_by
from emeter_core.monitors.kinds.escapes import unescape
from emeter_core.monitors.kinds.tcp import TcpSettings
from emeter_core.outcome import Outcome, Phases, Reason

MAX_HEARD = 64 * 1024
"""Bytes within which the expected text must come."""

_DISTRUSTED = frozenset(
    {Reason.CERTIFICATE_EXPIRED, Reason.CERTIFICATE_UNTRUSTED, Reason.CERTIFICATE_WRONG_HOST}
)

_Verdict = tuple[Reason, str]
"""A reason, and the words of whoever found it, if there are any."""


class Talk:
    """Connects to the first address that takes it, says what is to be said, and listens."""

    def __init__(self, errand: Errand[TcpSettings], ca_file: str) -> None:
        self._errand = errand
        self._ca_file = ca_file
        self._watch = Stopwatch(errand.dns_us)
        self._address = errand.addresses[0]
        self._send = unescape(errand.settings.send)
        self._expect = unescape(errand.settings.expect)
        self._heard = bytearray()
        self._certificate: Certificate | None = None

    async def run(self) -> Outcome:
        """Talk, until the deadline at the latest."""
        try:
            async with asyncio.timeout_at(self._errand.deadline):
                reason, error = await self._talk()
        except TimeoutError:
            reason, error = self._too_late()
        phases = self._watch.read()
        if reason in _DISTRUSTED:
            await self._glimpse()
        return self._outcome(reason, error, phases)

    async def _talk(self) -> _Verdict:
        found = await self._connect()
        if not isinstance(found, socket.socket):
            return found
        with closing(self._stream(found, verify=self._errand.settings.verify_tls)) as stream:
            try:
                await self._secure(stream)
                return await self._converse(stream)
            except OSError as error:
                return self._broken(error)

    async def _connect(self) -> socket.socket | _Verdict:
        """Connect; where no address takes it, the first failure that tells of the target counts."""
        failed: _Verdict | None = None
        for address in self._errand.addresses:
            self._address = address
            try:
                return await connect(address, self._errand.port)
            except OSError as error:
                reason = of_connect(error.errno or 0, self._address)
                if failed is None or failed[0] is Reason.NETWORK_UNAVAILABLE:
                    failed = reason, words_of(error)
                if reason not in TRY_NEXT:
                    break
        return failed or (Reason.NOT_CHECKED, "no address")

    def _stream(self, connection: socket.socket, *, verify: bool) -> Stream:
        if not self._errand.settings.tls:
            return Stream(connection)
        return TlsStream(connection, context(self._ca_file, verify=verify), self._errand.host.rstrip("."))

    async def _secure(self, stream: Stream) -> None:
        """Shake hands where there is TLS, and keep the certificate."""
        if isinstance(stream, TlsStream):
            self._watch.enter("tls")
            await stream.shake_hands()
            self._certificate = read_certificate(stream.certificate or b"")

    async def _converse(self, stream: Stream) -> _Verdict:
        """Say and hear what is to be; an open port is enough where that is nothing."""
        if not self._send and not self._expect:
            return Reason.OK, ""
        self._watch.enter("wait")
        if self._send:
            await stream.send(self._send)
        return await self._listen(stream) if self._expect else (Reason.OK, "")

    async def _listen(self, stream: Stream) -> _Verdict:
        heard, expect = self._heard, self._expect
        while len(heard) < MAX_HEARD:
            received = await stream.receive()
            if not received:
                return self._cut_off(), "the server closed the connection"
            if not heard:
                self._watch.enter("transfer")
            # It may have begun with what came before.
            begin = max(0, len(heard) - len(expect) + 1)
            heard += received
            if heard.find(expect, begin) >= 0:
                return Reason.OK, ""
        return Reason.ANSWER_UNEXPECTED, f"it did not come within the first {MAX_HEARD // 1024} KiB"

    def _broken(self, error: OSError) -> _Verdict:
        if isinstance(error, ssl.SSLError):
            return of_error(error), tls_words_of(error)
        reason = Reason.TLS_FAILED if self._watch.phase == "tls" else self._cut_off()
        return reason, words_of(error)

    def _cut_off(self) -> Reason:
        return Reason.ANSWER_UNEXPECTED if self._heard else Reason.CONNECTION_CLOSED

    def _too_late(self) -> _Verdict:
        if is_late(self._errand.deadline):
            return Reason.NOT_CHECKED, TOO_BUSY
        if self._watch.phase == "connect":
            return Reason.CONNECT_TIMEOUT, ""
        return Reason.ANSWER_UNEXPECTED if self._heard else Reason.TIMEOUT, ""

    async def _glimpse(self) -> None:
        """Look at a certificate that is not trusted; nothing is said to a server without proof.

        That takes a second connection: OpenSSL gives a certificate away only once it has accepted it.
        """
        with suppress(OSError):
            async with asyncio.timeout_at(self._errand.deadline):
                connection = await connect(self._address, self._errand.port)
                with closing(self._stream(connection, verify=False)) as stream:
                    await self._secure(stream)

    def _outcome(self, reason: Reason, error: str, phases: Phases) -> Outcome:
        ends_at = self._certificate.ends_at if self._certificate is not None else None
        seen = self._evidence(reason, error, phases) if reason is not Reason.OK else {}
        return Outcome(reason, phases, 0, self._address, ends_at, seen)

    def _evidence(self, reason: Reason, error: str, phases: Phases) -> dict[str, Any]:
        seen = {
            "url": self._errand.target,
            "address": self._address,
            "expected": expected_by(self._errand.settings, self._errand.timeout_seconds, reason),
            "error": error,
            "body": shown(self._heard),
            "phases": phases._asdict(),
            "certificate": certificate(self._certificate),
        }
        return without_secrets(seen, secrets_in(self._send))
