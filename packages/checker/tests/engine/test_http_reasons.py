"""Each reason, produced by a real server."""

import gzip
import json
import socket
import struct
import threading
import time
import zlib

import pytest

from emeter_core.incidents import cause_in_words
from emeter_core.monitors.kinds.http import MAX_BODY
from emeter_core.outcome import Condition, Reason


def test_a_good_answer_is_up_and_carries_no_evidence(checker, serve) -> None:
    outcome = checker.check(f"http://127.0.0.1:{serve().port}/")
    assert (outcome.reason, outcome.condition) == (Reason.OK, Condition.UP)
    assert (outcome.code, outcome.address, dict(outcome.evidence)) == (200, "127.0.0.1", {})
    assert outcome.phases.total > 0


def test_the_request_is_as_asked(checker, serve) -> None:
    site = serve()
    checker.check(f"http://127.0.0.1:{site.port}/a/../b?c=%20d#e", headers=(("X-Key", "v"), ("X-Empty", "")))
    head = site.requests[0].split(b"\r\n")
    assert head[0] == b"GET /a/../b?c=%20d HTTP/1.1"
    assert b"User-Agent: E-Meter/test" in head
    assert b"Accept-Encoding: gzip, deflate" in head
    assert b"X-Key: v" in head
    assert b"X-Empty:" in [line.rstrip() for line in head]


def test_a_refused_connection(checker, closed_port) -> None:
    outcome = checker.check(f"http://127.0.0.1:{closed_port}/")
    assert outcome.reason is Reason.CONNECTION_REFUSED
    assert "127.0.0.1" in outcome.evidence["error"]


def test_a_server_that_closes_at_once(checker, serve) -> None:
    site = serve(lambda connection, _: None)
    assert checker.check(f"http://127.0.0.1:{site.port}/").reason is Reason.CONNECTION_CLOSED


def test_a_server_that_resets(checker, serve) -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert checker.check(f"http://127.0.0.1:{serve(reset).port}/").reason is Reason.CONNECTION_CLOSED


def test_a_server_that_hangs(checker, serve) -> None:
    site = serve(lambda connection, _: connection.recv(1))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", timeout=0.3)
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.evidence["expected"] == {"timeout": 0.3}
    assert 250_000 < outcome.phases.wait < 1_300_000


def test_a_server_that_does_not_accept_the_connection(checker) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        # The queue holds one or two; the rest of the handshakes go unanswered.
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        outcome = checker.check(f"http://127.0.0.1:{port}/", timeout=0.3)
        for one in crowd:
            one.close()
    assert outcome.reason is Reason.CONNECT_TIMEOUT
    assert outcome.phases.connect > 250_000


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\x03" * 40,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
def test_an_answer_that_is_not_http(checker, serve, answer) -> None:
    outcome = checker.check(f"http://127.0.0.1:{serve(answer).port}/")
    assert outcome.reason is Reason.RESPONSE_INVALID


@pytest.mark.parametrize(
    ("answer", "received", "words"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc",
            {"bytes": 3, "of": 500},
            "The answer broke off after 3 of 500 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
            {"bytes": 0, "of": 5000},
            "The answer broke off after 0 of 5,000 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            {"bytes": 5},
            "The answer broke off after 5 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n"
            + gzip.compress(b"x" * 999)[:20],
            {"bytes": 20, "of": 99},
            "The answer broke off after 20 of 99 bytes",
        ),
    ],
)
@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_that_breaks_off(checker, serve, answer, received, words, reset) -> None:
    def break_off(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        if reset:
            # Not before the client has read it: a reset throws away what it has not.
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    outcome = checker.check(f"http://127.0.0.1:{serve(break_off).port}/")
    assert (outcome.reason, outcome.code) == (Reason.RESPONSE_CUT_OFF, 200)
    assert outcome.evidence["received"] == received
    assert cause_in_words(outcome.reason.slug, outcome.evidence) == words


def test_an_unexpected_code_counts_before_an_answer_that_breaks_off(checker, serve) -> None:
    site = serve(b"HTTP/1.1 500 X\r\nContent-Length: 500\r\n\r\nabc")
    assert checker.check(f"http://127.0.0.1:{site.port}/").reason is Reason.UNEXPECTED_CODE


@pytest.mark.parametrize("code", [500, 404, 304, 299 + 1, 199 + 402])
def test_an_unexpected_code(checker, serve, code) -> None:
    site = serve(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code)
    outcome = checker.check(f"http://127.0.0.1:{site.port}/")
    assert (outcome.reason, outcome.code) == (Reason.UNEXPECTED_CODE, code)
    assert outcome.evidence["expected"] == {"codes": "200-299"}


def test_a_code_that_is_expected(checker, serve) -> None:
    site = serve(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
    assert checker.check(f"http://127.0.0.1:{site.port}/", expected_codes="503").reason is Reason.OK


def _endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_an_endless_body_ends_at_the_cap(checker, serve) -> None:
    outcome = checker.check(f"http://127.0.0.1:{serve(_endless).port}/", body_cap=1024)
    assert outcome.reason is Reason.BODY_TOO_LARGE
    assert len(outcome.evidence["body"]) <= 1024


@pytest.mark.parametrize(("size", "reason"), [(1000, Reason.OK), (1001, Reason.BODY_TOO_LARGE)])
def test_the_cap_is_exact(checker, serve, size, reason) -> None:
    site = serve(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    assert checker.check(f"http://127.0.0.1:{site.port}/", body_cap=1000).reason is reason


@pytest.mark.parametrize(("size", "reason"), [(5000, Reason.OK), (5001, Reason.BODY_TOO_LARGE)])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw"])
def test_the_cap_counts_what_is_inflated(checker, serve, size, reason, coding) -> None:
    plain = b"x" * size
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "raw": raw.compress(plain) + raw.flush(),
    }
    name = b"gzip" if coding == "gzip" else b"deflate"
    data = packed[coding]
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (name, len(data))
    outcome = checker.check(f"http://127.0.0.1:{serve(head + data).port}/", body_cap=5000, keyword="xxx")
    assert outcome.reason is reason


def test_a_gzip_bomb_is_not_inflated(checker, serve) -> None:
    bomb = gzip.compress(b"\0" * (64 * 1024 * 1024))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    outcome = checker.check(f"http://127.0.0.1:{serve(head + bomb).port}/", keyword="x")
    assert outcome.reason is Reason.BODY_TOO_LARGE


def test_empty_blocks_without_end_are_a_body_too_large(checker, serve) -> None:
    def drown(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\x78\x9c")
        while True:
            connection.sendall(b"\0\0\0\xff\xff" * 1000)

    outcome = checker.check(f"http://127.0.0.1:{serve(drown).port}/", body_cap=100_000)
    assert outcome.reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize(
    "fields",
    [
        b"X-Long: " + b"x" * (80 * 1024) + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(80)),
        b"".join(b"X-%d: x\r\n" % number for number in range(101)),
        b"".join(b"X-%d: x\r\n" % number for number in range(10_000)),
    ],
)
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_headers_that_are_too_large(checker, serve, fields, body) -> None:
    site = serve(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (fields, len(body), body))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/")
    assert outcome.reason is Reason.HEADERS_TOO_LARGE
    assert len(json.dumps(outcome.evidence["headers"])) < 12 * 1024


def test_a_hundred_headers_are_taken(checker, serve) -> None:
    fields = b"".join(b"X-%d: x\r\n" % number for number in range(99))
    site = serve(b"HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n" % fields)
    assert checker.check(f"http://127.0.0.1:{site.port}/").reason is Reason.OK


@pytest.mark.parametrize(
    ("keyword", "absent", "reason"),
    [
        ("ell", False, Reason.OK),
        ("bye", False, Reason.KEYWORD_MISSING),
        ("bye", True, Reason.OK),
        ("ell", True, Reason.KEYWORD_PRESENT),
    ],
)
def test_a_keyword_is_sought(checker, serve, keyword, absent, reason) -> None:
    url = f"http://127.0.0.1:{serve().port}/"
    outcome = checker.check(url, keyword=keyword, keyword_absent=absent)
    assert outcome.reason is reason
    if reason is not Reason.OK:
        assert outcome.evidence["expected"] == {"keyword": keyword}


@pytest.mark.parametrize(
    ("charset", "coded"),
    [("iso-8859-1", "latin-1"), ('"UTF-16"', "utf-16"), ("idna", "utf-8"), ("nonsense", "utf-8")],
)
def test_a_keyword_is_sought_in_text_not_in_bytes(checker, serve, charset, coded) -> None:
    body = "grün".encode(coded)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset={charset}\r\n"
    site = serve(head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert checker.check(f"http://127.0.0.1:{site.port}/", keyword="grün").reason is Reason.OK


def test_head_has_no_body(checker, serve) -> None:
    site = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    assert checker.check(f"http://127.0.0.1:{site.port}/", method="HEAD").reason is Reason.OK
    assert site.requests[0].startswith(b"HEAD / ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_body_is_sent_as_it_is(checker, serve, method) -> None:
    site = serve()
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", method=method, body='{"a":"ä"}')
    assert outcome.reason is Reason.OK
    head, _, body = site.requests[0].partition(b"\r\n\r\n")
    assert (head.split()[0], body) == (method.encode(), '{"a":"ä"}'.encode())
    assert b"content-type" not in head.lower()


def test_a_large_body_does_not_wait_for_a_go_ahead(checker, serve) -> None:
    site = serve()
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", method="POST", body="x" * MAX_BODY)
    assert outcome.reason is Reason.OK
    assert b"\r\nExpect" not in site.requests[0][:500]


def test_ipv6(checker, serve) -> None:
    outcome = checker.check(f"http://[::1]:{serve(address='::1').port}/")
    assert (outcome.reason, outcome.address) == (Reason.OK, "::1")


def test_a_drip_of_bytes_ends_at_the_deadline(checker, serve, monotonic) -> None:
    over = threading.Event()

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not over.wait(0.02):
            connection.sendall(b"x")

    started = monotonic()
    outcome = checker.check(f"http://127.0.0.1:{serve(drip).port}/", timeout=0.4)
    over.set()
    assert outcome.reason is Reason.TIMEOUT
    assert monotonic() - started < 1.4
    assert outcome.phases.transfer > 200_000


def test_a_flood_of_interim_answers_ends(checker, serve) -> None:
    def flood(connection: socket.socket, _: bytes) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 100)

    outcome = checker.check(f"http://127.0.0.1:{serve(flood).port}/", timeout=1)
    assert outcome.reason in {Reason.HEADERS_TOO_LARGE, Reason.TIMEOUT, Reason.RESPONSE_INVALID}


def test_evidence_is_json_for_postgresql_and_keeps_secrets(checker, serve) -> None:
    body = b"bad\0\xff token-1234567"
    site = serve(
        b"HTTP/1.1 500 X\r\nX-Echo: token-1234567\r\nX-Bad: \xff\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", headers=(("Authorization", "token-1234567"),))
    text = json.dumps(dict(outcome.evidence))
    assert "token-1234567" not in text
    assert "\\u0000" not in text
    assert outcome.evidence["code"] == 500
    assert outcome.evidence["headers"][0] == ["X-Echo", "[hidden]"]


def test_a_proxy_of_the_environment_is_ignored(make_checker, serve, monkeypatch, closed_port) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert make_checker().check(f"http://127.0.0.1:{serve().port}/").reason is Reason.OK


@pytest.mark.parametrize("place", [0, 1015, 2040])
def test_an_echo_shows_neither_a_token_nor_the_body_that_was_sent(checker, serve, place) -> None:
    body = b"." * place + b"token-1234567 hunter22"
    site = serve(
        b"HTTP/1.1 302 X\r\nLocation: /%s\r\nX-Echo: hunter22\r\nContent-Length: %d\r\n\r\n%s"
        % (b"token-1234567", len(body), body)
    )
    outcome = checker.check(
        f"http://127.0.0.1:{site.port}/",
        method="POST",
        headers=(("Authorization", "Bearer token-1234567"),),
        body='{"password": "hunter22"}',
        max_redirects=1,
    )
    assert outcome.reason is Reason.TOO_MANY_REDIRECTS
    text = json.dumps(dict(outcome.evidence))
    assert "toke" not in text
    assert "hunter" not in text
