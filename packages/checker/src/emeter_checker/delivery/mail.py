"""Mails, by SMTP or into files, whatever the settings say."""

from pathlib import Path

from emeter_checker.delivery.results import DeliveryError, Receipt
from emeter_checker.delivery.smtp import MailServer
from emeter_core.alerts import MailOut
from emeter_core.errors import Invalid
from emeter_core.mail import message_of, write_mail
from emeter_storage.engine import DatabaseClock


class Postman:
    """Sends mails from one address: by `server`, or without one into `directory`."""

    def __init__(
        self, server: MailServer | None, *, directory: Path, sender: str, clock: DatabaseClock
    ) -> None:
        self._server = server
        self._directory = directory
        self._sender = sender
        self._clock = clock

    def send(self, out: MailOut) -> Receipt:
        """Send one mail; raises DeliveryError where it was not taken."""
        now = self._clock.now()
        try:
            message = message_of(out.mail, sender=self._sender, message_id=out.id, date=now)
        except Invalid:
            raise DeliveryError("This is no address that a mail can be sent to", permanent=True) from None
        if self._server is not None:
            return self._server.send(message)
        try:
            write_mail(self._directory, message, now=now)
        except OSError as error:
            raise DeliveryError(f"The mail could not be written to its file: {error.strerror}") from None
        return Receipt("The mail is in the mailbox")
