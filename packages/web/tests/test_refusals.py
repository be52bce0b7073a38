"""What is no request is refused as everything else is: by a page, with the headers of every answer (R18)."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import pytest
from flask import Flask
from gunicorn.http.errors import InvalidHeader, InvalidResponseHeader

from emeter_core.settings import Settings
from emeter_web.refusals import refuse, status_of

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]
PATIENCE_S = 20.0
SECRET = b"what-nobody-may-read"
HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST /users/log_in HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
# What every answer has for itself; the rest is the same on all.
OF_EACH = {"connection", "content-security-policy", "content-length", "date", "server", "vary"}
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

NO_REQUESTS: Mapping[str, tuple[int, bytes]] = {
    "no request line": (400, SECRET + b"\r\n\r\n"),
    "only line ends": (400, b"\r\n\r\n\r\n\r\n"),
    "a method with odd letters": (400, b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in small letters": (400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method that goes on": (400, b"G" * 30 + b" / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a version that is none": (400, b"GET / HTTX\r\n" + HOST + b"\r\n"),
    "a version of the future": (400, b"GET / HTTP/9.9\r\n" + HOST + b"\r\n"),
    "HTTP/2 without asking": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 300 + b"\r\n\r\n"),
    "line ends without return": (400, b"GET / HTTP/1.1\nHost: localhost\n\n"),
    "an address without a slash": (400, b"GET what-nobody-may-read HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an address in UTF-8": (400, "GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n"),
    "a long request line": (414, b"GET /" + SECRET * 500 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a request line without end": (414, b"GET /" + b"a" * 900_000),
    "a long header": (431, GET + b"Cookie: " + SECRET * 500 + b"\r\n\r\n"),
    "a header without end": (431, GET + b"Cookie: " + b"a" * 1_500_000),
    "too many headers": (431, GET + b"".join(b"X-%d: 1\r\n" % number for number in range(200)) + b"\r\n"),
    "a header without a colon": (400, GET + SECRET + b"\r\n\r\n"),
    "a header with a space": (400, GET + SECRET + b" x: 1\r\n\r\n"),
    "a header with NUL": (400, GET + b"Cookie: " + SECRET + b"\0\r\n\r\n"),
    "a folded header": (400, GET + b"Cookie: 1\r\n " + SECRET + b"\r\n\r\n"),
    "two hosts": (400, GET + HOST + b"\r\n"),
    "two lengths": (400, POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a length in words": (400, POST + b"Content-Length: two\r\n\r\nab"),
    "a negative length": (400, POST + b"Content-Length: -1\r\n\r\nab"),
    "a length of odd digits": (400, POST + "Content-Length: ²\r\n\r\nab".encode("latin-1")),
    "a length of 5000 digits": (400, POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nab"),
    "a length of 30 digits": (413, POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nab"),
    "a length and chunks": (400, CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
    "chunks twice": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "an unknown coding": (400, POST + b"Transfer-Encoding: x\r\n\r\n"),
    "no chunks at the end": (400, POST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "an expectation": (417, POST + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\nab"),
    "a chunk of no size": (400, CHUNKED + b"\r\nab\r\n0\r\n\r\n"),
    "a chunk whose size is no number": (400, CHUNKED + b"zz\r\nab\r\n0\r\n\r\n"),
    "a chunk whose size goes on": (400, CHUNKED + b"0" * 10_000 + b"\r\nab\r\n0\r\n\r\n"),
    "a chunk beyond all measure": (400, CHUNKED + b"f" * 40 + b"\r\nab\r\n0\r\n\r\n"),
    "a chunk that ends early": (400, CHUNKED + b"5\r\nab"),
    "a chunk that ends late": (400, CHUNKED + b"2\r\nabXX0\r\n\r\n"),
    "an odd extension of a chunk": (400, CHUNKED + b"2;=\r\nab\r\n0\r\n\r\n"),
    "an odd trailer": (400, CHUNKED + b"2\r\nab\r\n0\r\na b: 1\r\n\r\n"),
    "odd chunks to nowhere": (404, CHUNKED.replace(b"/users/log_in", b"/nowhere") + b"zz\r\nab\r\n0\r\n\r\n"),
}


class Web:
    """`emeter web`, asked by bytes."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port

    def send(self, data: bytes) -> tuple[bytes, bytes]:
        """Send these bytes and nothing more; returns head and body of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as sock:
            with suppress(ConnectionError, BrokenPipeError):  # It may have heard enough.
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            answer = b""
            while data := sock.recv(65_536):
                answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        return head, body

    def end(self) -> str:
        """End it; returns its log."""
        self.process.terminate()
        return self.process.communicate()[1]


@pytest.fixture
def web(environment: Mapping[str, str]) -> Iterator[Web]:
    process = subprocess.Popen(
        [*EMETER, "web"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"].startswith("Serving")
        yield Web(process, int(environment["PORT"]))
        process.kill()


def fields_of(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_r18_what_is_no_request_is_refused_with_all_headers(web: Web) -> None:
    page = fields_of(web.send(GET + b"Connection: close\r\n\r\n")[0])
    assert len(page.keys() & OF_EACH) == len(OF_EACH)
    always = {field: value for field, value in page.items() if field not in OF_EACH}
    assert {"x-content-type-options", "referrer-policy", "cross-origin-opener-policy"} <= always.keys()

    for name, (status, data) in NO_REQUESTS.items():
        begin = time.monotonic()
        head, body = web.send(data)
        assert time.monotonic() - begin < 10, name
        assert head.startswith(b"HTTP/1.1 %d " % status), (name, head[:100])
        fields = fields_of(head)
        assert {field: fields.get(field) for field in always} == always, name
        assert "script-src 'nonce-" in fields["content-security-policy"], name
        assert "set-cookie" not in fields, name
        assert int(fields["content-length"]) == len(body), name
        assert b"<h1>" in body, name
        assert b"gunicorn" not in body, name
        assert SECRET not in body, name

    log = web.end()
    assert "Traceback" not in log
    assert SECRET.decode() not in log
    assert {json.loads(line)["level"] for line in log.splitlines()} <= {"info"}


def test_an_answer_between_two_that_are_none(web: Web) -> None:
    """Requests that follow one another on a connection are answered up to the one that is none."""
    head, rest = web.send(GET + b"\r\n" + GET + b"\r\n" + SECRET + b"\r\n\r\n" + GET + b"\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert rest.count(b"HTTP/1.1 200 ") == 1
    assert rest.count(b"HTTP/1.1 400 ") == 1


def test_on_https_the_browser_is_told_to_stay_there(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"base_url": "https://meter.example"}))
    head, body = refuse(app, 431).split(b"\r\n\r\n", 1)
    assert fields_of(head)["strict-transport-security"].startswith("max-age=")
    assert b"Your browser sends too much" in body


def test_no_two_refusals_have_the_same_nonce(app: Flask) -> None:
    policies = {
        fields_of(refuse(app, 400).partition(b"\r\n\r\n")[0])["content-security-policy"] for _ in range(5)
    }
    assert len(policies) == 5


def test_only_what_the_client_did_is_the_client_s_fault() -> None:
    assert status_of(InvalidHeader("X")) == 400
    assert status_of(InvalidResponseHeader("X")) is None
    assert status_of(RuntimeError("a bug")) is None
