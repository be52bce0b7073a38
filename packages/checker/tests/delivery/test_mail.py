"""Mails where there is no mail server: files."""

import socket
import uuid
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from emeter_checker.delivery.carriers import carriers
from emeter_checker.delivery.mail import Postman
from emeter_checker.delivery.results import DeliveryError
from emeter_core.alerts import ChannelKind, MailOut
from emeter_core.mail import Mail, list_mails, read_mail

ID = uuid.UUID(int=7)


class Mailbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - its name
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def postman(database, tmp_path: Path) -> Postman:
    return Postman(None, directory=tmp_path / "mail", sender="E-Meter <e@example.com>", clock=database.clock)


def test_without_a_mail_server_every_mail_is_a_file(postman, tmp_path: Path) -> None:
    receipt = postman.send(MailOut(ID, Mail("bob@example.com", "Shop is down", "It is down.\n")))
    [file] = list_mails(tmp_path / "mail")
    message = read_mail(tmp_path / "mail", file.name)
    assert (file.to, file.subject, receipt.text) == (
        "bob@example.com",
        "Shop is down",
        "The mail is in the mailbox",
    )
    assert message["Message-ID"] == f"<{ID}@example.com>"


def test_what_is_no_address_is_refused_for_good(postman) -> None:
    with pytest.raises(DeliveryError, match="no address") as caught:
        postman.send(MailOut(ID, Mail("bob@example.com\r\nBcc: all@example.com", "x", "x")))
    assert caught.value.permanent


def test_a_directory_that_cannot_be_written_is_said_to_be_so(database, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    postman = Postman(None, directory=tmp_path / "mail", sender="e@example.com", clock=database.clock)
    with pytest.raises(DeliveryError, match="could not be written to its file: ") as caught:
        postman.send(MailOut(ID, Mail("bob@example.com", "x", "x")))
    assert not caught.value.permanent


def test_there_is_a_carrier_for_every_kind_of_channel(database, tmp_path: Path, guard) -> None:
    how = carriers(
        smtp_url="", mail_from="e@example.com", mail_directory=tmp_path, guard=guard, clock=database.clock
    )
    assert how.keys() == set(ChannelKind)


def test_with_a_mail_server_it_gets_every_mail_under_the_same_id(database, tmp_path: Path, guard) -> None:
    """By SMTP_URL, and never into a file."""
    mailbox = Mailbox()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        how = carriers(
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="E-Meter <e@example.com>",
            mail_directory=tmp_path / "mail",
            guard=guard,
            clock=database.clock,
        )
        for _ in range(2):
            how[ChannelKind.MAIL](MailOut(ID, Mail("bob@example.com", "Shop is down", "It is down.\n")))
    finally:
        controller.stop()
    ids = [message_from_bytes(each.content)["Message-ID"] for each in mailbox.mails]
    assert ids == [f"<{ID}@example.com>"] * 2
    assert list_mails(tmp_path / "mail") == []
