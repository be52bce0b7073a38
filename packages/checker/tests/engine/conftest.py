"""Real servers on loopback: HTTP by hand, TLS, DNS; and one engine that checks them."""

import contextlib
import ctypes
import fcntl
import os
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import dnslib
import pytest
import trustme

from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS, kind_of
from emeter_core.outcome import Outcome

Respond = Callable[[socket.socket, bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
LONGEST = 30.0

_R = TypeVar("_R")
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_CAP_NET_RAW = 13
_CAPABILITIES_3 = 0x20080522


class Site:
    """A server that hands each request, read to its end, to `respond`."""

    def __init__(
        self,
        respond: Respond,
        tls: ssl.SSLContext | None,
        address: str,
        read: Callable[[socket.socket], bytes] | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._respond = respond
        self._read = read or read_request
        self._tls = tls
        self._listener = socket.create_server((address, 0), family=family, backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._tls is not None:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
                self._open.add(connection)
            request = self._read(connection)
            if request:
                self.requests.append(request)
                self._respond(connection, request)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(LONGEST)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class NameServer:
    """A DNS server: it answers `names`, fails with `codes`, keeps silent on `silent`; no other exists."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # A burst of hundreds of questions must not be dropped by the test's own buffer.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.names: dict[str, Sequence[str] | Callable[[], Sequence[str]]] = {}
        self.aliases: dict[str, str] = {}
        self.codes: dict[str, int] = {}
        self.silent: set[str] = set()
        self.ttl = 300
        self.asked: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dnslib.DNSRecord.parse(data))
            if answer is not None:
                self._socket.sendto(answer.pack(), peer)

    def _answer(self, question: dnslib.DNSRecord) -> dnslib.DNSRecord | None:
        name = str(question.q.qname).rstrip(".")
        kind = dnslib.QTYPE[question.q.qtype]
        self.asked[f"{name} {kind}"] += 1
        if name in self.silent:
            return None
        reply = question.reply()
        while name in self.aliases:
            alias, name = name, self.aliases[name]
            reply.add_answer(dnslib.RR(alias, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME(name), ttl=self.ttl))
        known = self.names.get(name)
        if known is None:
            reply.header.rcode = self.codes.get(name, dnslib.RCODE.NXDOMAIN)
        for address in (known() if callable(known) else known) or ():
            if (":" in address) == (kind == "AAAA"):
                data = dnslib.AAAA(address) if ":" in address else dnslib.A(address)
                reply.add_answer(dnslib.RR(name, question.q.qtype, rdata=data, ttl=self.ttl))
        return reply

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join(LONGEST)
        self._socket.close()


class Checker:
    """An engine, and a way to wait for what it finds."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - passed on
        self._ends: SimpleQueue[Finished] = SimpleQueue()
        guard = options.pop("guard", None) or AddressGuard(LOCAL_NETWORKS)
        self.engine = Engine(guard, self._ends.put, **options)
        self.engine.start()

    def submit(self, *specs: CheckSpec, at: float = 0.0) -> None:
        self.engine.submit([Scheduled(spec, at, spec.target) for spec in specs])

    def wait(self, count: int) -> list[Finished]:
        return [self._ends.get(timeout=LONGEST) for _ in range(count)]

    def finish(self, *specs: CheckSpec) -> list[Finished]:
        self.submit(*specs)
        return self.wait(len(specs))

    def check(self, url: str, *, timeout: float = 5.0, **settings: Any) -> Outcome:  # noqa: ANN401 - passed on
        return self.finish(make_spec(url, timeout=timeout, **settings))[0].outcome


def make_spec(url: str, *, number: int = 0, timeout: float = 5.0, **settings: Any) -> CheckSpec:  # noqa: ANN401 - passed on
    kind = kind_of(url)
    return CheckSpec(number, 1, kind, url, timeout, KINDS[kind].settings(**settings))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def the_name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def dns(the_name_server: NameServer) -> NameServer:
    the_name_server.names.clear()
    the_name_server.aliases.clear()
    the_name_server.codes.clear()
    the_name_server.silent.clear()
    the_name_server.asked.clear()
    return the_name_server


@pytest.fixture(scope="session")
def checker(ca_file: Path, the_name_server: NameServer) -> Iterator[Checker]:
    checker = Checker(ca_file=str(ca_file), dns_servers=[the_name_server.address], user_agent="E-Meter/test")
    yield checker
    checker.engine.stop(0)


@pytest.fixture
def make_checker(ca_file: Path, the_name_server: NameServer) -> Iterator[Callable[..., Checker]]:
    made: list[Checker] = []

    def make(**options: Any) -> Checker:  # noqa: ANN401 - passed on
        defaults = {"ca_file": str(ca_file), "dns_servers": [the_name_server.address]}
        made.append(Checker(**{**defaults, **options}))
        return made[-1]

    yield make
    for checker in made:
        checker.engine.stop(0)


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Start a site: `serve(b"HTTP/1.1 …")` or `serve(respond)`."""
    sites: list[Site] = []

    def start(
        respond: bytes | Respond = OK, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> Site:
        if isinstance(respond, bytes):
            data = respond
            respond = lambda connection, _: connection.sendall(data)  # noqa: E731 - as short as it can be
        sites.append(Site(respond, tls, address))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Site]]:
    """Open a port: `listen(talk)` calls `talk` with each connection, and hangs up when it returns."""
    sites: list[Site] = []

    def start(
        talk: Callable[[socket.socket], None],
        *,
        tls: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
    ) -> Site:
        sites.append(Site(lambda connection, _: talk(connection), tls, address, read=lambda _: b"at once"))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


@pytest.fixture
def context(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """Make the context of a server with a certificate for these names, else for 127.0.0.1 and good.test."""

    def make(*names: str, ca: trustme.CA = authority, **options: datetime) -> ssl.SSLContext:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*(names or ("127.0.0.1", "good.test")), **options).configure_cert(server)
        return server

    return make


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is bound and not listened to, so that nobody else gets it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def spec() -> Callable[..., CheckSpec]:
    return make_spec


@pytest.fixture
def monotonic() -> Callable[[], float]:
    return time.monotonic


@pytest.fixture
def in_own_network() -> Callable[..., Any]:
    """Run in a thread with a network of its own: nothing but loopback, and the kernel's switches for it."""
    return run_in_own_network


def run_in_own_network(run: Callable[[], _R], *, may_open_raw: bool = True, **switches: str) -> _R:
    """Run `run` there, and what threads it starts; `switches` are files in /proc/sys/net/ipv4.

    Skips the test where this machine does not let us.
    """

    def begin() -> _R:
        _leave_network()
        for name, value in switches.items():
            Path("/proc/sys/net/ipv4", name).write_text(value, "ascii")
        if not may_open_raw:
            _drop_raw()
        return run()

    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(begin).result(30)
        except PermissionError as error:
            pytest.skip(f"this machine gives us no network of our own: {error}")


def _leave_network() -> None:
    _call(_LIBC.unshare, _CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _drop_raw() -> None:
    """Take CAP_NET_RAW from this thread: capset(2), with the second version of its structures."""
    head = struct.pack("Ii", _CAPABILITIES_3, 0)
    sets = ctypes.create_string_buffer(24)
    _call(_LIBC.capget, head, sets)
    effective, *others = struct.unpack("6I", sets.raw)
    _call(_LIBC.capset, head, struct.pack("6I", effective & ~(1 << _CAP_NET_RAW), *others))


def _call(function: Callable[..., int], *arguments: object) -> None:
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
