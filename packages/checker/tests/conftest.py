"""A team with monitors in a database of the test's own, a clock on it, and receivers on loopback."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis

from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.alerts import Event, draft_channel, enqueue_incidents, save_channel
from emeter_core.database import Database
from emeter_core.incidents import Incident
from emeter_core.monitors import Monitor, create_monitor, draft_monitor
from emeter_core.vault import Vault

Answer = Callable[[socket.socket, threading.Event], None]


@dataclass
class Got:
    """One request, as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Where it listens, and what it got."""

    url: str
    port: int
    requests: list[Got] = field(default_factory=list)
    connections: int = 0


@pytest.fixture
def vault() -> Vault:
    return Vault("a secret of the tests, long enough")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url, name="tests", pool_size=10)
    yield database
    database.engine.dispose()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """This run's Redis, emptied."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture
def team(database: Database) -> Any:  # noqa: ANN401 - a scope
    with database.sessions.begin() as session:
        user = register_user(
            session, Registration("alice@example.com", "$2b$04$" + "x" * 53), now=database.clock.now()
        )
        return scope_of(session, user)


@pytest.fixture
def add_monitor(database: Database, team: Any, vault: Vault) -> Callable[..., Monitor]:  # noqa: ANN401 - a scope
    def add(**fields: Any) -> Monitor:  # noqa: ANN401 - passed on
        draft = draft_monitor(**{"target": "http://127.0.0.1:9/", "interval": 5, "timeout": 2, **fields})
        with database.sessions.begin() as session:
            return create_monitor(session, team, draft, vault=vault, now=database.clock.now())

    return add


@pytest.fixture
def webhook(database: Database, team: Any, vault: Vault) -> Callable[[str], None]:  # noqa: ANN401 - a scope
    """Give the team a webhook to this URL."""

    def save(url: str) -> None:
        with database.sessions.begin() as session:
            save_channel(session, team, draft_channel("webhook", url), vault=vault, now=database.clock.now())

    return save


@pytest.fixture
def tell(database: Database, team: Any) -> Callable[..., None]:  # noqa: ANN401 - a scope
    """Open incidents of these titles, and have their channels told."""

    def open_incidents(*titles: str) -> None:
        now = database.clock.now()
        incidents = [
            Incident(
                team_id=team.team.id,
                title=title,
                cause="timeout",
                evidence={},
                started_at=now,
                confirmed_at=now,
            )
            for title in titles
        ]
        with database.sessions.begin() as session:
            session.add_all(incidents)
            session.flush()
            enqueue_incidents(session, Event.OPENED, [each.id for each in incidents], now=now)

    return open_incidents


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Start a receiver: it answers "204 No Content", or does as a function says that gets the connection.

    The function's other argument is set when the test is over.
    """
    over = threading.Event()
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(
        answer: str | Answer,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> Receiver:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                receiver.connections += 1
                with suppress(OSError):
                    connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                    with connection:
                        receiver.requests.append(_read(connection))
                        if callable(answer):
                            answer(connection, over)
                        else:
                            connection.sendall(_answer(answer, body, headers or {}))

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        server = Server((host, 0), Handler)
        servers.append(server)
        port = server.server_address[1]
        name = f"[{host}]" if ":" in host else "localhost" if tls else host
        receiver = Receiver(f"{'https' if tls else 'http'}://{name}:{port}/hook", port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return receiver

    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def guard() -> AddressGuard:
    """One that allows loopback, where the receivers are."""
    return AddressGuard(LOCAL_NETWORKS)


@pytest.fixture
def strict() -> AddressGuard:
    """One that allows nothing private."""
    return AddressGuard()


def _answer(head: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {"Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {head}\r\n{lines}\r\n".encode() + body


def _read(connection: socket.socket) -> Got:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
        if data.startswith(b"\x16\x03"):
            # TLS, which this one does not speak.
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _more(connection)
    return Got(line, headers, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionAbortedError
    return data


@pytest.fixture
def allow_connections(database: Database) -> Iterator[Callable[..., None]]:
    """Shut the test's database, and open it again."""
    name = database.engine.url.database
    admin = Database.at(
        database.engine.url.set(database="postgres").render_as_string(hide_password=False), name="tests"
    )

    def allow(*, to: bool) -> None:
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {to}")
            if not to:
                connection.exec_driver_sql(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                )

    yield allow
    allow(to=True)
    admin.engine.dispose()
