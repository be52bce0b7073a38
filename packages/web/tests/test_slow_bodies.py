"""Whoever sends a request and not all of it, however many of them: everybody else is answered meanwhile."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, request
from small_gunicorn import GET, Gunicorn

from emeter_web import bodies, collected, worker
from emeter_web.routes import ANYBODY, Group, mount, post
from emeter_web.user_auth import capability

MANY = 300
HOST = b"Host: localhost\r\n"
POST = b"POST /users/log_in HTTP/1.1\r\n" + HOST
FORM = POST + b"Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = POST + b"Content-Type: multipart/form-data; boundary=x\r\n"
CHUNKED = FORM + b"Transfer-Encoding: chunked\r\n\r\n"
HEADER = b"X-%d: " + b"a" * 7000 + b"\r\n"
# What is sent, and how those are answered who are not waited for.
HALVES = {
    "a form": (FORM + b"Content-Length: 100\r\n\r\na=1", None),
    "the longest form that is collected": (FORM + b"Content-Length: 65000\r\n\r\na=1", None),
    "a form that is longer": (FORM + b"Content-Length: 65536\r\n\r\na=1", 503),
    "a body without end": (FORM + b"Content-Length: " + b"9" * 18 + b"\r\n\r\na=1", 503),
    "a form that waits for a word": (FORM + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", 503),
    "a page with a body": (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nx", None),
    "what leads nowhere": (b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nx", None),
    "chunks": (CHUNKED + b"5\r\nab", 503),
    "chunks of a page": (b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 503),
    "parts": (PARTS + b"Content-Length: 1000\r\n\r\n--x\r\n", None),
    "parts in chunks": (PARTS + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n", 503),
    "a head of more than 64 KiB": (b"GET / HTTP/1.1\r\n" + b"".join(HEADER % n for n in range(10)), 431),
    "an address of more than 64 KiB": (b"GET /" + b"a" * 70_000, 414),
    "a line that ends wrongly": (FORM + b"Content-Length: 1000\r\nX: y\n", 400),
}


@pytest.fixture
def hold() -> Iterator[Callable[..., list[socket.socket]]]:
    """Connect so often, send the same each time, and go on holding the connections."""
    with ExitStack() as stack:

        def connect(gunicorn: Gunicorn, data: bytes, times: int = MANY) -> list[socket.socket]:
            held = [stack.enter_context(gunicorn.connect()) for _ in range(times)]
            for each in held:
                each.sendall(data)
            return held

        yield connect


def status(sock: socket.socket) -> int:
    """The status of the first answer on a connection."""
    return int(sock.recv(65_536).split(b" ", 2)[1])


@pytest.mark.parametrize("half", HALVES)
def test_300_of_them_hold_up_nobody(gunicorn: Gunicorn, hold, half: str) -> None:
    """They would be waited for for 30 s each, by two threads: a visitor could wait for over an hour."""
    data, refused = HALVES[half]
    held = hold(gunicorn, data)
    assert gunicorn.ask() < 10
    assert gunicorn.ask(b"GET /users/log_in HTTP/1.1\r\n" + HOST + b"\r\n") < 10
    if refused is not None:
        # One thread may wait for one of them, whichever came first.
        assert refused in {status(held[-1]), status(held[-2])}
    else:
        held[-1].settimeout(0.2)
        with pytest.raises(TimeoutError):
            held[-1].recv(1)


def test_who_is_refused_a_place_gets_a_page_and_the_place_is_free_again(gunicorn: Gunicorn, hold) -> None:
    (first,) = hold(gunicorn, CHUNKED + b"5\r\nab", 1)
    (second,) = hold(gunicorn, CHUNKED + b"5\r\nab", 1)
    answer = b""
    while data := second.recv(65_536):
        answer += data
    head, _, page = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Connection: close" in head
    assert b"<h1>Not now</h1>" in page

    first.sendall(b"cde\r\n0\r\n\r\n")
    assert status(first) == 403  # it has no token
    # The place is given back after the answer has gone out.
    until, later = time.monotonic() + 10, 503
    while later == 503 and time.monotonic() < until:
        (third,) = hold(gunicorn, CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n", 1)
        later = status(third)
    assert later == 403


def test_a_body_in_pieces_arrives_as_it_was_sent(app: Flask, gunicorn: Gunicorn) -> None:
    def echo() -> bytes:
        return request.get_data()

    mount(app, Group(capability, (post("/test/echo", echo, ANYBODY),)))
    body = bytes(range(256)) * 200
    head = b"POST /test/echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body)
    whole = head + body + GET
    with gunicorn.connect() as sock:
        for start in range(0, len(whole), 9973):
            sock.sendall(whole[start : start + 9973])
            time.sleep(0.01)
        answers = b""
        while answers.count(b"HTTP/1.1 ") < 2:
            answers += sock.recv(65_536)
    assert body in answers


@pytest.mark.parametrize("data", [HALVES["a form"][0], HALVES["parts"][0], CHUNKED + b"5\r\nab"])
def test_a_body_that_ends_early_is_malformed(gunicorn: Gunicorn, hold, data: bytes) -> None:
    (sock,) = hold(gunicorn, data, 1)
    sock.shutdown(socket.SHUT_WR)
    assert status(sock) == 400


def test_chunks_that_take_too_long_are_malformed(
    gunicorn: Gunicorn, hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_BODY_WITHIN_S", 0.5)
    (sock,) = hold(gunicorn, CHUNKED + b"5\r\nab", 1)
    assert status(sock) == 400


def test_what_nobody_reads_is_taken_for_a_bounded_time_though_it_drips(
    gunicorn: Gunicorn, hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body is waited for for 30 s where somebody wants it, and 5 s where nobody does."""
    monkeypatch.setattr(worker, "_BODY_WITHIN_S", 60.0)
    monkeypatch.setattr(bodies, "_DISCARD_WITHIN_S", 0.5)
    (sock,) = hold(gunicorn, b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 99999\r\n\r\n", 1)
    sock.settimeout(0.05)
    begin = time.monotonic()
    while True:
        assert time.monotonic() - begin < 10
        sock.sendall(b"x")
        try:
            assert status(sock) == 404
        except TimeoutError:
            continue
        break


def test_it_ends_soon_though_bodies_are_waited_for(gunicorn: Gunicorn, hold) -> None:
    for half in ("a form", "parts", "a page with a body"):
        hold(gunicorn, HALVES[half][0], 20)
    assert gunicorn.ask() < 10
    assert gunicorn.stop() < 4
    assert gunicorn.worker.nr_conns == 0


def test_of_a_connection_64_kib_are_held_at_most(gunicorn: Gunicorn, hold) -> None:
    (sock,) = hold(gunicorn, b"", 1)
    gunicorn.ask()
    (conn,) = gunicorn.worker._begun
    sock.sendall(HALVES["the longest form that is collected"][0])
    sock.sendall(b"x" * 64_000)
    end = time.monotonic() + 10
    while len(conn._data) < 64_000 and time.monotonic() < end:
        time.sleep(0.01)
    assert 64_000 < len(conn._data) <= collected.MAX_COLLECTED
