"""Live pages behind the real server, `emeter web`."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from emeter_core.accounts import Membership, Registration, User, register_user, scope_of
from emeter_core.monitors import create_monitor, draft_monitor
from emeter_core.scope import Scope
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]
MANY = 300  # more than gunicorn has threads
PATIENCE = 20.0


class Server:
    """`emeter web`, and a browser's cookie."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, cookie: str, stream: str) -> None:
        self.process, self.port, self.cookie, self.stream = process, port, cookie, stream

    def listen(self, query: str = "", *, version: str = "1.1", method: str = "GET") -> socket.socket:
        """Ask for the stream, and leave its answer unread."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        lines = (
            f"{method} {self.stream}{query} HTTP/{version}",
            f"Host: localhost:{self.port}",
            "Cookie: " + self.cookie,
        )
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        return sock

    def get(self, path: str) -> int:
        """The status of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Cookie": self.cookie})
        with connection.getresponse() as answer:
            answer.read()
            connection.close()
            return answer.status

    @property
    def worker(self) -> int:
        """The process that serves."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])


@pytest.fixture
def scope(sessions: SessionFactory, user: User) -> Scope:
    with transaction(sessions) as session:
        return scope_of(session, user)


@pytest.fixture
def server(environment: Mapping[str, str], signed_in: FlaskClient, scope: Scope) -> Iterator[Server]:
    cookie = signed_in.get_cookie("_e_meter_web_key")
    assert cookie is not None
    process = subprocess.Popen(
        [*EMETER, "web"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"].startswith("Serving")
        stream = f"/live/{scope.team.id}"
        yield Server(process, int(environment["PORT"]), f"_e_meter_web_key={cookie.value}", stream)
        process.kill()


@pytest.fixture
def listen(server: Server) -> Iterator[Callable[..., socket.socket]]:
    """Open streams that are closed in the end."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(server.listen(*arguments, **options))


def read_until(sock: socket.socket, wanted: bytes) -> bytes:
    """What came up to `wanted`; fails where the stream ends before."""
    data = b""
    sock.settimeout(PATIENCE)
    while wanted not in data:
        received = sock.recv(65536)
        assert received, f"ended before {wanted!r}: {data!r}"
        data += received
    return data


def test_the_stream_is_one_answer_that_goes_on(listen: Callable[..., socket.socket]) -> None:
    stream = listen()

    head, _, body = read_until(stream, b"event: page").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    fields = {line.split(b": ")[0].lower(): line.split(b": ", 1)[1] for line in head.split(b"\r\n")[1:]}
    assert fields[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert fields[b"connection"] == b"close"
    assert fields[b"cache-control"] == b"no-store"
    assert b"content-security-policy" in fields
    assert not {b"content-length", b"transfer-encoding"} & fields.keys()
    assert body.startswith(b"event: ")


def test_more_pages_than_threads_stop_no_page(listen: Callable[..., socket.socket], server: Server) -> None:
    streams = [listen() for _ in range(MANY)]
    for stream in streams:
        read_until(stream, b"event: page")

    begin = time.monotonic()
    assert server.get("/users/settings") == 200
    assert time.monotonic() - begin < 5


def test_a_page_hears_of_a_new_monitor(
    listen: Callable[..., socket.socket], sessions: SessionFactory, scope: Scope, settings: Settings
) -> None:
    stream = listen()
    read_until(stream, b"event: page")

    add_monitor(sessions, scope, settings)

    told = read_until(stream, b"\n\n")
    assert json.loads(told.partition(b"data: ")[2])["copy"]


def test_a_stream_ends_with_its_session(listen: Callable[..., socket.socket], signed_in: FlaskClient) -> None:
    stream = listen()
    read_until(stream, b"event: page")

    signed_in.log_out()  # type: ignore[attr-defined]

    read_until(stream, b"event: end\ndata: {}\n\n")
    assert ends(stream)


def test_a_stream_ends_with_the_membership_and_does_not_begin_again(
    listen: Callable[..., socket.socket], server: Server, scope: Scope, sessions: SessionFactory
) -> None:
    stream = listen()
    read_until(stream, b"event: page")

    begin = time.monotonic()
    with transaction(sessions) as session:
        session.execute(delete(Membership).where(Membership.team_id == scope.team.id))
        other = register_user(session, Registration("eve@example.com", "x"), now=scope.team.inserted_at)
        elsewhere = scope_of(session, other).team.id
        session.add(
            Membership(
                team_id=elsewhere, user_id=scope.user.id, role="viewer", inserted_at=scope.team.inserted_at
            )
        )
    read_until(stream, b"event: end\ndata: {}\n\n")

    assert time.monotonic() - begin < 5
    with server.listen() as again:
        assert read_until(again, b"\r\n\r\n").startswith(b"HTTP/1.1 404 ")


def test_who_is_not_signed_in_is_not_told(server: Server) -> None:
    server.cookie = "none=1"
    with server.listen() as stream:
        assert read_until(stream, b"\r\n\r\n").startswith(b"HTTP/1.1 302 ")


@pytest.mark.parametrize("options", [{"version": "1.0"}, {"method": "HEAD"}])
def test_old_and_curious_clients_are_answered(
    listen: Callable[..., socket.socket], options: Mapping[str, str]
) -> None:
    assert read_until(listen(**options), b"text/event-stream").startswith(b"HTTP/1.")


def test_connections_are_given_back(listen: Callable[..., socket.socket], server: Server) -> None:
    def open_files() -> int:
        return len(list(Path(f"/proc/{server.worker}/fd").iterdir()))

    def open_and_close_some() -> int:
        with ExitStack() as stack:
            streams = [stack.enter_context(server.listen()) for _ in range(20)]
            for stream in streams:
                read_until(stream, b"event: page")
            return open_files()

    during = open_and_close_some()
    wait_until(lambda: open_files() <= during - 20)
    before = open_files()
    for _ in range(4):
        open_and_close_some()
    # The pool keeps up to 20 connections to the database, as many as were ever wanted at once; a stream that
    # is not given back would leave two files of its own, and there were 80.
    wait_until(lambda: open_files() <= before + 20)


def test_open_pages_do_not_delay_the_end(listen: Callable[..., socket.socket], server: Server) -> None:
    streams = [listen() for _ in range(200)]
    for stream in streams:
        read_until(stream, b"event: page")

    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)

    assert all(ends(stream) for stream in streams)
    assert time.monotonic() - begin < 3
    # gunicorn's own patience would be four seconds, and Python's end takes its time on a busy machine.
    assert server.process.wait(PATIENCE) == 0
    assert time.monotonic() - begin < 8


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def ends(stream: socket.socket) -> bool:
    """Whether the stream comes to its end."""
    try:
        while stream.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def add_monitor(sessions: SessionFactory, scope: Scope, settings: Settings) -> None:
    now = DatabaseClock(sessions.kw["bind"]).now()
    draft = draft_monitor(target="http://example.com/", interval=60)
    with transaction(sessions) as session:
        create_monitor(session, scope, draft, vault=settings.vault(), now=now)
