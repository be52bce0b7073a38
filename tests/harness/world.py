"""The servers of a world behind a link: names that may change with each question, a site at every address."""

import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from urllib.parse import unquote

import dnslib  # type: ignore[import-untyped] # it ships no types

from harness.namespaces import Namespace

NAME_SERVER = "84.200.69.80"
SITE = "93.184.216.34"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
_MOST_UDP = 1232

Addresses = Sequence[str] | Callable[[], Sequence[str]]


class World:
    """A name server at `NAME_SERVER`, and a site on port 80 of every address; `/to?URL` there redirects."""

    def __init__(self, namespace: Namespace) -> None:
        self.names: dict[str, Addresses] = {}
        """What each name has for addresses; no other exists."""
        self.aliases: dict[str, str] = {}
        self.dead: set[str] = set()
        """Names that nothing is answered for."""
        self.is_silent = False
        self.is_failing = False
        self.arrivals: list[tuple[str, bytes]] = []
        """The address that was dialled, and the request."""
        self._servers: list[socketserver.BaseServer] = []
        for make in (
            partial(_Names, self),
            partial(_NamesTcp, self),
            partial(_Site, self, "0.0.0.0"),
            partial(_Site, self, "::"),
        ):
            server: socketserver.BaseServer = namespace.run(make)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def clear(self) -> None:
        """Forget what was told and what came."""
        self.names.clear()
        self.aliases.clear()
        self.arrivals.clear()
        self.dead.clear()
        self.is_silent = self.is_failing = False

    def close(self) -> None:
        """End all."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def reply(self, data: bytes) -> dnslib.DNSRecord | None:
        """The answer to a question, with a TTL of 0; None for none at all."""
        question = dnslib.DNSRecord.parse(data)
        reply = question.reply()
        name, kind = str(question.q.qname).rstrip("."), dnslib.QTYPE[question.q.qtype]
        if self.is_silent or name in self.dead:
            return None
        if self.is_failing:
            reply.header.rcode = dnslib.RCODE.SERVFAIL
            return reply
        while name in self.aliases:
            alias, name = name, self.aliases[name]
            reply.add_answer(dnslib.RR(alias, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME(name), ttl=0))
        known = self.names.get(name)
        if known is None:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        for address in (known() if callable(known) else known) or ():
            if (":" in address) == (kind == "AAAA") and kind in {"A", "AAAA"}:
                made = dnslib.AAAA if ":" in address else dnslib.A
                record = made(tuple(ip_address(address).packed))
                reply.add_answer(dnslib.RR(name, question.q.qtype, rdata=record, ttl=0))
        return reply


class _Names(socketserver.UDPServer):
    max_packet_size = 4096

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__((NAME_SERVER, 53), _Question)
        # A burst of hundreds of questions must not be dropped by the test's own buffer.
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 * 1024 * 1024)  # SO_RCVBUFFORCE


class _Question(socketserver.BaseRequestHandler):
    server: _Names

    def handle(self) -> None:
        data, answering = self.request
        reply = self.server.world.reply(data)
        if reply is None:
            return
        packed = reply.pack()
        if len(packed) > _MOST_UDP:
            cut = dnslib.DNSRecord.parse(data).reply()
            cut.header.tc = 1
            packed = cut.pack()
        answering.sendto(packed, self.client_address)


class _NamesTcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__((NAME_SERVER, 53), _QuestionTcp)


class _QuestionTcp(socketserver.StreamRequestHandler):
    server: _NamesTcp

    def handle(self) -> None:
        with suppress(OSError):
            while length := self.rfile.read(2):
                reply = self.server.world.reply(self.rfile.read(int.from_bytes(length, "big")))
                if reply is not None:
                    packed = reply.pack()
                    self.wfile.write(len(packed).to_bytes(2, "big") + packed)


class _Site(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, world: World, host: str) -> None:
        self.world = world
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 80), _Visit, bind_and_activate=False)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.server_bind()
        self.server_activate()


class _Visit(socketserver.BaseRequestHandler):
    server: _Site

    def handle(self) -> None:
        request = b""
        with suppress(OSError):
            while b"\r\n\r\n" not in request:
                chunk = self.request.recv(65536)
                if not chunk:
                    break
                request += chunk
            self.server.world.arrivals.append((self.request.getsockname()[0], request))
            self.request.sendall(_answer(request))


def _answer(request: bytes) -> bytes:
    path = request.split(b" ", 2)[1] if request.count(b" ") > 1 else b"/"
    if not path.startswith(b"/to?"):
        return _ANSWER
    location = unquote(path[4:].decode("latin-1")).encode("utf-8")
    return (
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: " + location + b"\r\n\r\n"
    )
