"""Mails by SMTP, to a real server that takes them, refuses them, or stalls."""

import smtplib
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from emeter_checker.delivery import smtp as under_test
from emeter_checker.delivery.results import DeliveryError
from emeter_checker.delivery.smtp import MailServer
from emeter_core.mail import Mail, message_of


class Mailbox:
    """Takes every mail, or says to a recipient or a mail what it was told to say."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.to_recipient = ""
        self.to_mail = ""
        self.user: object = None
        self.was_encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient or "250 OK"

    async def handle_DATA(  # noqa: N802 - the same
        self, server: SMTP, _session: object, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        self.was_encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.to_mail or "250 OK"

    def authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, login: object
    ) -> AuthResult:
        self.user = login
        good = isinstance(login, LoginPassword) and login.password == b"p@ss:/word"
        return AuthResult(success=good, handled=good)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(mailbox: Mailbox) -> Iterator[Callable[..., int]]:
    """Start a mail server on loopback; returns its port."""
    controllers: list[Controller] = []

    def start(*, implicit: ssl.SSLContext | None = None, **options: Any) -> int:  # noqa: ANN401 - passed on
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port: int = taken.getsockname()[1]
        options.setdefault("hostname", "127.0.0.1")
        controller = Controller(
            mailbox,
            port=port,
            ssl_context=implicit,
            server_hostname="mail.example",
            authenticator=mailbox.authenticate,
            **options,
        )
        controller.start()
        controllers.append(controller)
        return port

    yield start
    for controller in controllers:
        controller.stop()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path, monkeypatch) -> None:
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def mail(to: str = "bob@example.com", **parts: str) -> EmailMessage:
    return message_of(
        Mail(
            to, parts.get("subject", "Größe: down"), parts.get("text", "It is down.\n"), "<p>It is down.</p>"
        ),
        sender="E-Meter <e-meter@example.com>",
        message_id=uuid.UUID(int=7),
        date=datetime(2026, 11, 23, tzinfo=UTC),
    )


def refusal(server: MailServer, message: EmailMessage | None = None, total: float = 45.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        server.send(message or mail(), total=total)
    return caught.value


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25, is_tls=False)),
        ("smtps://mail.example", MailServer("mail.example", 465, is_tls=True)),
        ("smtp://mail.example:2525", MailServer("mail.example", 2525, is_tls=False)),
        (
            "smtp://bob%40example.com:p%2Fw%3A@m:587",
            MailServer("m", 587, is_tls=False, user="bob@example.com", password="p/w:"),
        ),
        ("smtp://[::1]:25", MailServer("::1", 25, is_tls=False)),
    ],
)
def test_a_url_names_a_server(url: str, server: MailServer) -> None:
    assert MailServer.of(url) == server


def test_no_password_is_shown() -> None:
    assert "secret" not in repr(MailServer.of("smtp://bob:secret@mail.example"))


def test_a_mail_arrives_as_it_was_written(serve, mailbox) -> None:
    receipt = MailServer("127.0.0.1", serve(), is_tls=False).send(mail())
    [envelope] = mailbox.mails
    assert (receipt.text, receipt.code) == ("The mail server took the mail", 250)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("e-meter@example.com", ["bob@example.com"])
    content = envelope.content.decode()
    assert f"Message-ID: <{uuid.UUID(int=7)}@example.com>" in content
    assert "multipart/alternative" in content
    assert mailbox.was_encrypted == [False]


def test_lines_that_begin_with_a_dot_arrive(serve, mailbox) -> None:
    MailServer("127.0.0.1", serve(), is_tls=False).send(mail(text=".\n.hidden\n"))
    assert "\n.\r\n.hidden" in mailbox.mails[0].content.decode()


def test_an_address_that_is_not_ascii_arrives_where_the_server_knows_how(serve, mailbox) -> None:
    message = EmailMessage(policy.SMTPUTF8)
    message["From"], message["To"] = "e-meter@example.com", "bär@example.com"
    MailServer("127.0.0.1", serve(enable_SMTPUTF8=True), is_tls=False).send(message)
    assert mailbox.mails[0].rcpt_tos == ["bär@example.com"]
    error = refusal(MailServer("127.0.0.1", serve(enable_SMTPUTF8=False), is_tls=False), message)
    assert error.text.startswith("The mail server cannot do this: ")


# Encryption


def test_encryption_is_used_where_it_is_offered(serve, mailbox, certified) -> None:
    """On the local network unproved: the other way is to talk in the clear."""
    MailServer("127.0.0.1", serve(tls_context=certified), is_tls=False).send(mail())
    assert mailbox.was_encrypted == [True]


def test_with_smtps_it_is_there_from_the_beginning_and_proved(serve, mailbox, certified, trusted) -> None:
    MailServer("localhost", serve(implicit=certified, hostname="localhost"), is_tls=True).send(mail())
    assert mailbox.was_encrypted == [True]


def test_with_smtps_a_server_without_proof_is_not_used(serve, mailbox, certified) -> None:
    error = refusal(MailServer("127.0.0.1", serve(implicit=certified), is_tls=True))
    assert error.text == "Mail server: The certificate is not trusted"
    assert mailbox.mails == []


def test_beyond_the_local_network_encryption_must_be_proved(serve, mailbox, certified, monkeypatch) -> None:
    monkeypatch.setattr(under_test, "LOCAL_NETWORKS", ())
    error = refusal(MailServer("127.0.0.1", serve(tls_context=certified), is_tls=False))
    assert error.text == "Mail server: The certificate is not trusted"
    assert mailbox.mails == []


def test_beyond_it_a_server_that_proves_itself_gets_mail_and_password_by_starttls(
    serve, mailbox, certified, trusted, monkeypatch
) -> None:
    monkeypatch.setattr(under_test, "LOCAL_NETWORKS", ())
    port = serve(tls_context=certified, hostname="localhost", auth_require_tls=True)
    MailServer.of(f"smtp://bob:p%40ss%3A%2Fword@localhost:{port}").send(mail())
    assert mailbox.was_encrypted == [True]
    assert mailbox.user == LoginPassword(b"bob", b"p@ss:/word")


@pytest.mark.parametrize("user", ["", "bob"])
def test_beyond_it_neither_password_nor_mail_goes_out_in_the_clear(
    serve, mailbox, monkeypatch, user: str
) -> None:
    monkeypatch.setattr(under_test, "LOCAL_NETWORKS", ())
    port = serve(auth_require_tls=False)
    error = refusal(MailServer("127.0.0.1", port, is_tls=False, user=user, password="p@ss:/word"))
    assert (error.text, error.permanent) == (
        "The mail server offers no encryption, so it was given nothing",
        False,
    )
    assert (mailbox.user, mailbox.mails) == (None, [])


# Log-in


def test_it_logs_in(serve, mailbox) -> None:
    port = serve(auth_require_tls=False)
    MailServer.of(f"smtp://bob:p%40ss%3A%2Fword@127.0.0.1:{port}").send(mail())
    assert mailbox.user == LoginPassword(b"bob", b"p@ss:/word")
    assert len(mailbox.mails) == 1


def test_a_wrong_password_is_said_to_be_one(serve, mailbox) -> None:
    error = refusal(MailServer.of(f"smtp://bob:wrong@127.0.0.1:{serve(auth_require_tls=False)}"))
    assert (error.text, error.permanent) == ("The mail server refused our user or password", False)
    assert mailbox.mails == []


def test_a_server_that_knows_no_log_in_is_not_sent_anything(serve, mailbox) -> None:
    assert refusal(MailServer.of(f"smtp://bob:x@127.0.0.1:{serve(auth_require_tls=True)}")).text.startswith(
        "The mail server cannot do this"
    )
    assert mailbox.mails == []


# Refusals


@pytest.mark.parametrize(
    ("said", "for_good"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 nowhere", True),
        ("550 5.2.1 mailbox is shut", True),
        ("550 5.7.1 relaying denied", False),
        ("550 relay not permitted", False),
        ("552 5.2.2 mailbox is full", False),
        ("450 4.2.0 greylisted", False),
        ("550 5.1.15 something new", False),
    ],
)
def test_only_a_bad_address_is_for_good(said: str, for_good: bool, serve, mailbox) -> None:  # noqa: FBT001 - a parameter
    mailbox.to_recipient = said
    error = refusal(MailServer("127.0.0.1", serve(), is_tls=False))
    assert error.text == f"The mail server refused the recipient: {said}"
    assert (error.permanent, error.code) == (for_good, int(said[:3]))


def test_a_refused_mail_is_tried_again_later(serve, mailbox) -> None:
    mailbox.to_mail = "554 5.7.0 looks like spam"
    error = refusal(MailServer("127.0.0.1", serve(), is_tls=False))
    assert (error.text, error.permanent) == ("The mail server answered 554 5.7.0 looks like spam", False)


def test_a_refusal_that_quotes_the_mail_repeats_no_link(serve, mailbox) -> None:
    link = f"https://meter.example/users/confirm/{'aB3-' * 10}xyz"
    server = MailServer("127.0.0.1", serve(), is_tls=False)
    mailbox.to_mail = f"554 5.7.1 blocked for {link}"
    assert refusal(server, mail(text=link)).text == "The mail server answered 554 5.7.1 blocked for …"
    mailbox.to_recipient = f"550 5.7.1 not here: {link}"
    assert refusal(server).text == "The mail server refused the recipient: 550 5.7.1 not here: …"


def test_nobody_there_is_said_in_plain_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = refusal(MailServer("127.0.0.1", taken.getsockname()[1], is_tls=False))
    assert error.text == "Mail server: Connection refused"


# Servers that stall or part in a bad way


@pytest.fixture
def talk() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """A server that is a function of its connection; returns the port."""
    listeners: list[socket.socket] = []

    def start(behave: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        behave(connection)

        threading.Thread(target=accept, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.close()


def test_a_server_that_drips_is_cut_off(talk) -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)

    began = time.monotonic()
    error = refusal(MailServer("127.0.0.1", talk(drip), is_tls=False), total=0.5)
    assert time.monotonic() - began < 4
    assert error.text == "The mail server took too long"


def test_a_server_that_turns_us_away_is_quoted(talk) -> None:
    port = talk(lambda connection: connection.sendall(b"554 5.3.2 not today\r\n"))
    assert (
        refusal(MailServer("127.0.0.1", port, is_tls=False)).text
        == "The mail server answered 554 5.3.2 not today"
    )


def test_a_server_that_hangs_up_is_said_to(talk) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")

    error = refusal(MailServer("127.0.0.1", talk(hang_up), is_tls=False))
    assert error.text == "Mail server: The server closed the connection without an answer"


@pytest.mark.parametrize("farewell", [b"421 gone\r\n", b"", b"nonsense\r\n"])
def test_a_mail_that_was_taken_was_sent_however_they_part(farewell: bytes, talk) -> None:
    def part_badly(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                word = line.split()[0].upper()
                if word == b"QUIT":
                    connection.sendall(farewell)
                    return
                if word == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                connection.sendall(b"250 OK\r\n")

    MailServer("127.0.0.1", talk(part_badly), is_tls=False).send(mail())


def test_no_name_server_is_asked_who_we_are(serve, monkeypatch) -> None:
    def asked(*_arguments: object) -> str:
        raise AssertionError

    monkeypatch.setattr(socket, "getfqdn", asked)
    MailServer("127.0.0.1", serve(), is_tls=False).send(mail())


def test_our_errors_of_smtplib_are_all_known() -> None:
    """A new one must get words of its own."""
    known = {
        name
        for name in dir(smtplib)
        if name.startswith("SMTP") and name.endswith(("Error", "Exception", "Refused", "Disconnected"))
    }
    assert known == {
        "SMTPAuthenticationError",
        "SMTPConnectError",
        "SMTPDataError",
        "SMTPException",
        "SMTPHeloError",
        "SMTPNotSupportedError",
        "SMTPRecipientsRefused",
        "SMTPResponseException",
        "SMTPSenderRefused",
        "SMTPServerDisconnected",
    }
