"""Webhooks against real receivers: what they get, and what we believe of what they answer."""

import gzip
import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme
from standardwebhooks import Webhook
from urllib3.response import HTTPResponse

from emeter_checker.delivery.results import DeliveryError
from emeter_checker.delivery.webhook import ANSWER_BYTES, post
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_core.alerts import WebhookOut

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def message(url: str, **fields: object) -> WebhookOut:
    values = {
        "id": uuid.uuid4(),
        "url": url,
        "secret": SECRET,
        "timestamp": int(time.time()),
        "body": b'{"type":"incident.opened"}',
        **fields,
    }
    return WebhookOut(**values)  # type: ignore[arg-type]


def refusal(url: str, guard: AddressGuard | None = None, total: float = 15.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(message(url), guard or AddressGuard(LOCAL_NETWORKS), total=total)
    assert url not in caught.value.text
    return caught.value


def test_a_receiver_gets_what_the_standard_says(receive, guard) -> None:
    receiver = receive("204 No Content")
    out = message(receiver.url, body='{"name":"Zürich ✓"}'.encode())
    receipt = post(out, guard)
    [got] = receiver.requests
    assert (receipt.code, receipt.text) == (204, "The receiver answered 204")
    assert got.line == "POST /hook HTTP/1.1"
    assert got.headers["webhook-id"] == str(out.id)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("E-Meter/")
    assert Webhook(SECRET).verify(got.body, got.headers) == {"name": "Zürich ✓"}


@pytest.mark.parametrize("head", ["200 OK", "201 Created", "202 Accepted", "299 Whatever"])
def test_every_2xx_is_a_success(head: str, receive, guard) -> None:
    assert post(message(receive(head, b"thanks").url), guard).code == int(head[:3])


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("500 Oops", "The receiver answered 500 Internal Server Error"),
        ("404 Not Found", "The receiver answered 404 Not Found"),
        ("799 Odd", "The receiver answered 799"),
        ("302 Found", "The receiver answered 302: redirects are not followed"),
    ],
)
def test_what_it_answers_else_is_told(head: str, text: str, receive) -> None:
    error = refusal(receive(head).url)
    assert (error.text, error.permanent, error.code) == (text, False, int(head[:3]))


def test_its_own_words_are_told_if_they_are_text(receive) -> None:
    said = receive(
        "400 Bad Request", b"no such\r\n hook \x1b[31m", {"Content-Type": "text/plain; charset=utf-8"}
    )
    assert refusal(said.url).text == "The receiver answered 400 Bad Request: no such hook [31m"
    page = receive("400 Bad Request", b"<html>", {"Content-Type": "text/html"})
    assert refusal(page.url).text == "The receiver answered 400 Bad Request"


def test_410_is_for_good(receive) -> None:
    assert refusal(receive("410 Gone").url).permanent


@pytest.mark.parametrize(
    ("wish", "patience"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("9" * 400, timedelta(days=1)),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta()),
    ],
)
@pytest.mark.parametrize("head", ["503 Service Unavailable", "429 Too Many Requests"])
def test_a_receiver_may_ask_us_to_wait(head: str, wish: str, patience: timedelta | None, receive) -> None:
    assert refusal(receive(head, headers={"Retry-After": wish}).url).retry_after == patience


def test_it_may_do_so_with_a_date(receive) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    patience = refusal(receive("503 Service Unavailable", headers={"Retry-After": later}).url).retry_after
    assert patience is not None
    assert timedelta(minutes=9) < patience <= timedelta(minutes=10)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_never_followed(code: int, receive) -> None:
    elsewhere = receive("200 OK")
    receiver = receive(f"{code} Elsewhere", headers={"Location": elsewhere.url})
    assert "redirects are not followed" in refusal(receiver.url).text
    assert (receiver.connections, elsewhere.connections) == (1, 0)


@pytest.mark.parametrize("head", ["200 OK", "302 Found", "500 Oops"])
def test_of_an_endless_answer_little_is_read(head: str, receive, guard) -> None:
    sent = [0]

    def flood(connection: socket.socket, _over: threading.Event) -> None:
        # A small buffer, so that what is sent was nearly taken.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(f"HTTP/1.1 {head}\r\nLocation: /next\r\nContent-Type: text/plain\r\n\r\n".encode())
        while True:
            sent[0] += connection.send(b"x" * 1024)

    receiver = receive(flood)
    began = time.monotonic()
    if head == "200 OK":
        post(message(receiver.url), guard)
    else:
        refusal(receiver.url)
    assert time.monotonic() - began < 5
    # What lay in the kernel's buffers, and no stream of megabytes.
    assert sent[0] < 8 * 1024 * 1024


def test_at_most_four_kilobytes_of_an_answer_are_asked_for(receive, guard, monkeypatch) -> None:
    asked: list[int | None] = []
    read = HTTPResponse.read

    def counted(self: HTTPResponse, amt: int | None = None, **options: object) -> bytes:
        asked.append(amt)
        return read(self, amt, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(HTTPResponse, "read", counted)
    post(message(receive("200 OK", b"x" * 100_000).url), guard)
    refusal(receive("302 Found", b"x" * 100_000, {"Location": "/next"}).url)
    assert asked == [ANSWER_BYTES, ANSWER_BYTES]


def test_a_compressed_answer_is_not_inflated(receive) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    fields = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    assert len(refusal(receive("500 Oops", bomb, fields).url).text) < 200


def drip_headers(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    _drip(connection, over)


def drip_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _drip(connection, over)


def hang(_connection: socket.socket, over: threading.Event) -> None:
    over.wait(60)


def continue_for_ever(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.01):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _drip(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        connection.sendall(b"x")


@pytest.mark.parametrize("answer", [hang, drip_headers, continue_for_ever])
def test_a_receiver_that_never_answers_is_cut_off_in_time(answer: Callable[..., None], receive) -> None:
    began = time.monotonic()
    error = refusal(receive(answer).url, total=1.0)
    assert time.monotonic() - began < 4
    assert error.text == "No complete answer within 1 s"
    assert not error.permanent


def test_a_receiver_that_stalls_before_its_answer_counts_but_holds_nobody_up(receive, guard) -> None:
    """The code has said that the message was taken; what drips in after it is not waited for."""
    began = time.monotonic()
    assert post(message(receive(drip_body).url), guard).code == 200
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "The server closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9\r\n", "The answer is not valid HTTP"),
        (b"HTTP/1.1 2", "The answer is not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "The answer is not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "The answer is not valid HTTP"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(raw: bytes, text: str, receive) -> None:
    assert refusal(receive(lambda connection, _over: connection.sendall(raw)).url).text == text


def test_nobody_there_is_said_in_plain_words(guard) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/?token=secret"
        assert refusal(url).text == "Connection refused"


def test_a_name_that_does_not_exist_is_said_to(monkeypatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refusal("http://nobody.invalid/").text == "The host name does not exist"


@pytest.mark.parametrize(
    "url", ["http://[::1/", "ftp://example.com/", "http://exa mple.com/", "http://", "x"]
)
def test_what_is_no_url_is_refused_for_good(url: str) -> None:
    error = refusal(url, AddressGuard())
    assert (error.text, error.permanent) == ("This is no URL that can be posted to", True)


def test_a_bad_secret_is_our_fault_and_said(guard) -> None:
    with pytest.raises(DeliveryError, match="no secret to sign with") as caught:
        post(message("http://127.0.0.1/", secret="nothing"), guard)
    assert not caught.value.permanent


# The guard


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_private_receiver_is_reached_only_where_that_is_allowed(host: str, receive, strict, guard) -> None:
    receiver = receive("204 No Content", host=host)
    error = refusal(receiver.url, strict)
    assert error.text == "The address is not allowed as a target: loopback"
    assert receiver.connections == 0
    post(message(receiver.url), guard)
    assert receiver.connections == 1


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "①②⑦.0.0.1",
        "169.254.169.254",
        "[fe80::1%25lo]",
    ],
)
def test_no_spelling_of_a_private_address_gets_through(host: str, receive, strict) -> None:
    receiver = receive("204 No Content")
    with pytest.raises(DeliveryError):
        post(message(f"http://{host}:{receiver.port}/"), strict, total=5)
    assert receiver.connections == 0


def test_a_name_that_changes_its_mind_is_judged_by_where_it_leads(receive, monkeypatch, strict) -> None:
    """Whoever asked before, and what the answer was, does not matter: only what is dialled does."""
    receiver = receive("204 No Content")
    resolve = socket.getaddrinfo
    asked: list[str] = []

    def rebind(host: str, port: int, *arguments: object, **options: object) -> object:
        asked.append(host)
        return resolve("127.0.0.1", port, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    error = refusal(f"http://rebinding.example:{receiver.port}/", strict)
    assert (asked, error.text) == (["rebinding.example"], "The address is not allowed as a target: loopback")
    assert receiver.connections == 0


def test_of_a_mixed_answer_not_even_the_next_address_is_tried(receive, monkeypatch) -> None:
    receiver = receive("204 No Content")
    resolve = socket.getaddrinfo

    def mixed(_host: str, port: int, *arguments: object, **options: object) -> list[object]:
        both = ("169.254.169.254", "127.0.0.1")
        return [each for host in both for each in resolve(host, port, *arguments, **options)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    error = refusal(f"http://mixed.example:{receiver.port}/")
    assert error.text.startswith("The address is not allowed as a target: ")
    assert receiver.connections == 0


def test_proxies_and_netrc_of_the_environment_are_ignored(receive, guard, monkeypatch, tmp_path) -> None:
    proxy, receiver = receive("200 OK"), receive("204 No Content")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login spy password spy\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    post(message(receiver.url), guard)
    assert (proxy.connections, len(receiver.requests)) == (0, 1)
    assert "authorization" not in receiver.requests[0].headers


# TLS


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA, *names: str, **options: datetime) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, **options).configure_cert(made)
    return made


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path, monkeypatch) -> None:
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def test_an_authority_of_the_operators_own_is_trusted(receive, guard, authority, trusting) -> None:
    receiver = receive("204 No Content", tls=context(authority, "localhost"))
    assert post(message(receiver.url), guard).code == 204


def test_a_drip_in_tls_is_cut_off_as_well(receive, authority, trusting) -> None:
    receiver = receive(drip_headers, tls=context(authority, "localhost"))
    began = time.monotonic()
    assert refusal(receiver.url, total=1.0).text == "No complete answer within 1 s"
    assert time.monotonic() - began < 4


def test_bad_certificates_are_told_apart(receive, authority, trusting) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    kinds = {
        "The certificate is for another host": context(authority, "elsewhere.example"),
        "The certificate has expired or is not yet valid": context(authority, "localhost", not_after=past),
        "The certificate is not trusted": context(trustme.CA(), "localhost"),
    }
    for text, tls in kinds.items():
        assert refusal(receive("204 No Content", tls=tls).url).text == text


def test_a_receiver_without_tls_is_told_from_one_with_a_bad_certificate(receive) -> None:
    receiver = receive("204 No Content")
    assert refusal(receiver.url.replace("http:", "https:")).text == "The TLS handshake failed"


def test_the_body_is_sent_byte_for_byte(receive, guard) -> None:
    receiver = receive("204 No Content")
    body = json.dumps({"text": "é" * 50_000}).encode()
    post(message(receiver.url, body=body), guard)
    assert receiver.requests[0].body == body
