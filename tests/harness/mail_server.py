"""A mail server on loopback that refuses each mail at first, and quotes it; then it takes it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


@dataclass
class MailServer:
    """Where it listens, and what it took; `unknown` are the recipients it knows nothing of."""

    url: str
    unknown: frozenset[str] = frozenset()
    refused: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)

    def text_to(self, address: str, subject: str) -> str:
        """The text of the one mail with this subject that was taken for an address."""
        [found] = [each for each in self.taken if (each["To"], each["Subject"]) == (address, subject)]
        text: str = found.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        return text.replace("\r\n", "\n")

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - the same
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        if message["Message-ID"] not in self.refused:
            self.refused.append(message["Message-ID"])
            text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            links = " ".join(line for line in text.split() if "://" in line)
            return f"451 4.7.1 not without a closer look at {links}"
        self.taken.append(message)
        return "250 OK"


@contextmanager
def mail_server(*unknown: str) -> Iterator[MailServer]:
    """A server that listens until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = MailServer(f"smtp://127.0.0.1:{port}", frozenset(unknown))
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
