"""Mails by SMTP: the operator's own server, so it is trusted with where it lies, and with nothing else."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from ipaddress import ip_address
from socket import gethostname
from typing import Self
from urllib.parse import unquote, urlsplit

from emeter_checker.authorities import authorities
from emeter_checker.delivery.errand import Errand, Overdue, errand
from emeter_checker.delivery.results import DeliveryError, Receipt
from emeter_checker.delivery.words import plain, reason_of, without_links
from emeter_checker.guard import LOCAL_NETWORKS
from emeter_core.outcome import Reason

STEP_S = 15.0
TOTAL_S = 45.0
"""Less than the lease of a delivery: nobody else sends it meanwhile."""

_PORTS = {"smtp": 25, "smtps": 465}
_FAREWELL_S = 2.0
# RFC 3463: the address is bad, or the mailbox is shut. Other refusals are about us and may pass.
_ADDRESS_IS_BAD = ("5.1.1 ", "5.1.2 ", "5.1.3 ", "5.1.6 ", "5.1.10 ", "5.2.1 ")


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server, as `smtp(s)://user:pass@host:port` names it."""

    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL that the settings have checked; without a port it is 25, or 465 for smtps."""
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[scheme],
            is_tls=scheme == "smtps",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def send(self, message: EmailMessage, *, total: float = TOTAL_S) -> Receipt:
        """Hand `message` over, in at most `total` seconds; raises DeliveryError where it was not taken."""
        with errand(total, None) as trip:
            try:
                smtp = self._connect(min(STEP_S, total))
                try:
                    self._hand_over(smtp, message, trip)
                    return Receipt("The mail server took the mail", 250)
                finally:
                    smtp.close()
            except smtplib.SMTPException as error:
                raise _refused(error, trip) from None
            except (OSError, Overdue, ValueError) as error:
                raise DeliveryError(_words(error, trip)) from None

    def _connect(self, step: float) -> smtplib.SMTP:
        # Without a name of its own smtplib asks the name servers for one, which may take its time.
        name = gethostname() or "localhost"
        if self.is_tls:
            return smtplib.SMTP_SSL(
                self.host,
                self.port,
                name,
                timeout=step,
                context=ssl.create_default_context(cafile=authorities()),
            )
        return smtplib.SMTP(self.host, self.port, name, timeout=step)

    def _hand_over(self, smtp: smtplib.SMTP, message: EmailMessage, trip: Errand) -> None:
        self._introduce(smtp)
        smtp.send_message(message)
        # It is taken, however they part.
        trip.cut_in(_FAREWELL_S)
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()

    def _introduce(self, smtp: smtplib.SMTP) -> None:
        """Greet, encrypt, and log in where there is a user.

        Mails hold links that let one in, so only within the local network do they go in the clear, where no
        encryption is offered: whoever is on the way could have left the offer out (RFC 8314, 3).
        """
        peer = ip_address(smtp.sock.getpeername()[0])  # type: ignore[union-attr]  # it is connected
        is_local = any(peer in network for network in LOCAL_NETWORKS)
        smtp.ehlo_or_helo_if_needed()
        is_private = self.is_tls
        if not is_private and smtp.has_extn("starttls"):
            smtp.starttls(context=_context(is_local=is_local))
            smtp.ehlo()
            is_private = True
        if not (is_private or is_local):
            raise DeliveryError("The mail server offers no encryption, so it was given nothing")
        if self.user:
            smtp.login(self.user, self.password)


def _context(*, is_local: bool) -> ssl.SSLContext:
    """What the server must prove. A local one nothing: without STARTTLS we would talk to it in the clear."""
    context = ssl.create_default_context(cafile=authorities())
    if is_local:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refused(error: smtplib.SMTPException, trip: Errand) -> DeliveryError:
    """What the server's refusal means."""
    if trip.is_cut or isinstance(error, smtplib.SMTPServerDisconnected):
        return DeliveryError(_words(error, trip))
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, said)] = error.recipients.values()
        text = _reply(said)
        permanent = f"{text} ".startswith(_ADDRESS_IS_BAD)
        return DeliveryError(
            f"The mail server refused the recipient: {code} {text}", permanent=permanent, code=code
        )
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError("The mail server refused our user or password", code=error.smtp_code)
    if isinstance(error, smtplib.SMTPResponseException):
        text = _reply(error.smtp_error)
        return DeliveryError(f"The mail server answered {error.smtp_code} {text}", code=error.smtp_code)
    return DeliveryError(f"The mail server cannot do this: {_reply(str(error))}")


def _reply(said: bytes | str) -> str:
    """What a server said, for a person to read. It has the mail before it, and may quote it."""
    return plain(without_links(said if isinstance(said, str) else said.decode("utf-8", "replace")))


def _words(error: Exception, trip: Errand) -> str:
    if trip.is_cut:
        return "The mail server took too long"
    reason = reason_of(error)
    if reason is Reason.NOT_CHECKED and not isinstance(error, smtplib.SMTPServerDisconnected):
        return f"The mail could not be handed over ({type(error).__name__})"
    words = Reason.CONNECTION_CLOSED if reason is Reason.NOT_CHECKED else reason
    return f"Mail server: {words.text}"
