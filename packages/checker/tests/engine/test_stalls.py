"""R34: wherever a target stalls, drips or floods, the check ends within a second of its timeout."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from emeter_core.outcome import Reason

TIMEOUT = 1.0
EACH = 8
HEAD = b"HTTP/1.1 200 OK\r\n"

Send = Callable[[socket.socket], None]


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, so that no server outlives it."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def full() -> Iterator[int]:
    """A port whose queue is full: further handshakes go unanswered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that takes connections and says nothing, not even in a handshake of TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=4 * EACH) as listener:
        yield listener.getsockname()[1]


@pytest.mark.usefixtures("dns")
def test_a_hundred_stalls_end_in_time(checker, serve, spec, dns, over, full: int, deaf: int) -> None:
    def then(first: bytes, piece: bytes = b"", pause: float = 0.05) -> int:
        """A server that says something, then the same piece on and on, or nothing more."""

        def respond(connection: socket.socket, _: bytes) -> None:
            connection.sendall(first)
            while not over.wait(pause):
                if piece:
                    connection.sendall(piece)

        return serve(respond).port

    names = [f"silent{number}.test" for number in range(EACH)]
    dns.silent.update(names)
    answered = {
        "the status line": then(b""),
        "half a status line": then(b"HTTP/1."),
        "headers": then(HEAD + b"X-A: b\r\n"),
        "a drip of headers": then(HEAD + b"X-A: ", b"x"),
        "a drip of header lines": then(HEAD, b"X: y\r\n"),
        "interim answers, one by one": then(b"", b"HTTP/1.1 103 Early\r\n\r\n"),
        "100 Continue, on and on": then(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "the body": then(HEAD + b"Content-Length: 9\r\n\r\nx"),
        "a drip of the body": then(HEAD + b"Content-Length: 999999\r\n\r\n", b"x"),
        "a drip of chunks": then(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        "a redirect that stalls": then(b"HTTP/1.1 302 X\r\nLocation: /"),
    }
    targets = {f"http://127.0.0.1:{port}/": Reason.TIMEOUT for port in answered.values()}
    targets |= {
        f"https://127.0.0.1:{deaf}/": Reason.TIMEOUT,
        f"http://127.0.0.1:{full}/": Reason.CONNECT_TIMEOUT,
    }
    expected = targets | {f"http://{name}/": Reason.NAME_SERVER_SILENT for name in names}
    specs = [spec(target, timeout=TIMEOUT) for target in targets for _ in range(EACH)]
    specs += [spec(f"http://{name}/", timeout=TIMEOUT) for name in names]
    assert len(specs) >= 100
    began = time.monotonic()
    ends = checker.finish(*specs)
    assert time.monotonic() - began <= TIMEOUT + 1
    assert max(end.ended_at - end.started_at for end in ends) <= TIMEOUT + 1
    found = {str(end.ticket): end.outcome.reason for end in ends}
    assert found == expected


def test_a_flood_ends_sooner(checker, serve, spec) -> None:
    """What is sent as fast as it is read meets a limit before it meets the timeout."""

    def flood(first: bytes, piece: bytes) -> str:
        def respond(connection: socket.socket, _: bytes) -> None:
            connection.sendall(first)
            while True:
                connection.sendall(piece)

        return f"http://127.0.0.1:{serve(respond).port}/"

    targets = {
        flood(b"", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 500): Reason.HEADERS_TOO_LARGE,
        flood(HEAD, b"X-A: b\r\n" * 500): Reason.HEADERS_TOO_LARGE,
        flood(HEAD + b"\r\n", b"x" * 65536): Reason.BODY_TOO_LARGE,
        flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 5000): Reason.BODY_TOO_LARGE,
    }
    ends = checker.finish(*[spec(target, timeout=20) for target in targets])
    assert {str(end.ticket): end.outcome.reason for end in ends} == targets
    assert max(end.ended_at - end.started_at for end in ends) < 10
