"""Nobody holds a thread of gunicorn, or the one that serves all others, by being slow."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, request
from small_gunicorn import GET, THREADS, Gunicorn

from emeter_web import worker
from emeter_web.routes import ANYBODY, Group, get, mount, post
from emeter_web.user_auth import capability

BIG = 64 * 1024 * 1024


@pytest.fixture
def many() -> Iterator[Callable[[Gunicorn, bytes], list[socket.socket]]]:
    """Connect 50 times, send the same each time, and go on holding the connections."""
    with ExitStack() as stack:

        def hold(gunicorn: Gunicorn, data: bytes) -> list[socket.socket]:
            held = [stack.enter_context(gunicorn.connect()) for _ in range(50)]
            for each in held:
                each.sendall(data)
            return held

        yield hold


def is_closed(sock: socket.socket) -> bool:
    """Whether the server closes the connection within seconds; what it says before is read."""
    try:
        while sock.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET[:20], id="half a head"),
        pytest.param(GET + GET[:20], id="a head and a half"),
        pytest.param(b"nonsense\r\n\r\n", id="what is no request"),
        pytest.param(GET.replace(b"1.1", b"1.0"), id="a request, and stay"),
    ],
)
def test_who_sends_no_more_and_stays_holds_up_nobody(gunicorn: Gunicorn, many, data: bytes) -> None:
    many(gunicorn, data)
    gunicorn.ask()  # whatever there was to do is done
    assert max(gunicorn.ask() for _ in range(10)) < 1


def test_a_head_that_takes_too_long_ends_the_connection(
    gunicorn: Gunicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_HEAD_WITHIN_S", 0.5)
    with gunicorn.connect() as nothing, gunicorn.connect() as half:
        half.sendall(GET[:20])
        assert is_closed(nothing)
        assert is_closed(half)
    assert gunicorn.worker.nr_conns == 0


def test_a_body_that_takes_too_long_is_refused(
    app: Flask, gunicorn: Gunicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads() -> bytes:
        return request.get_data()

    mount(app, Group(capability, (post("/test/body", reads, ANYBODY),)))
    monkeypatch.setattr(worker, "_BODY_WITHIN_S", 0.5)
    with gunicorn.connect() as slow, gunicorn.connect() as dripping:
        for each in (slow, dripping):
            each.sendall(b"POST /test/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            dripping.sendall(b"x")
            time.sleep(0.02)
        assert slow.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert dripping.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert is_closed(slow)


def test_an_answer_that_nobody_takes_is_given_up(
    app: Flask, gunicorn: Gunicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(app, Group(capability, (get("/test/big", lambda: "x" * BIG, ANYBODY),)))
    monkeypatch.setattr(worker, "_SEND_WITHIN_S", 0.5)
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(gunicorn.connect()).sendall(
                b"GET /test/big HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
        assert gunicorn.ask() < 8


def test_requests_follow_one_another_on_a_connection(gunicorn: Gunicorn) -> None:
    with gunicorn.connect() as sock:
        for piece in (GET, GET[:20], GET[20:] + GET + GET):
            sock.sendall(piece)
            time.sleep(0.05)
        answers = b""
        while answers.count(b"HTTP/1.1 ") < 4:
            answers += sock.recv(65_536)
        assert is_closed(sock)  # after it was kept for a while


def test_a_long_answer_arrives_though_the_client_still_sends(app: Flask, gunicorn: Gunicorn) -> None:
    with gunicorn.connect() as sock:
        sock.sendall(b"nonsense\n" + b"x" * 500_000)
        answer = b""
        while data := sock.recv(65_536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"</html>")


def test_it_ends_soon_whoever_is_there(gunicorn: Gunicorn, many) -> None:
    many(gunicorn, b"")
    many(gunicorn, GET[:20])
    many(gunicorn, b"nonsense\r\n\r\n")
    many(gunicorn, GET)
    assert gunicorn.ask() < 5
    assert gunicorn.stop() < 4
    assert gunicorn.worker.nr_conns == 0
