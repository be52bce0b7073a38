"""What never ends and is no part of an answer: it stops no other check, and ends as a failure of its own.

OpenSSL takes such messages one after the other, and does not return before there is an answer or nothing more
to read: whoever sends faster than they are taken would hold the engine's one thread for ever.
"""

import base64
import hashlib
import hmac
import random
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emeter_checker.engine import Finished
from emeter_core.outcome import Reason

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TIMEOUT = 8.0
SOON = 5.0
_KEPT_UP, _KEPT_UP_BY_ALL = 2.0, 5.0

_HELLO_REQUEST = b"\x16\x03\x03\0\4\0\0\0\0"
# A session to resume: lifetime, age, no nonce, a ticket of one byte, no extensions (RFC 8446 4.6.1).
_TICKET = b"\4\0\0\x0e" + struct.pack(">II", 7200, 1) + b"\0\0\1x\0\0"
_KEY_UPDATE, _KEY_UPDATE_PLEASE = b"\x18\0\0\1\0", b"\x18\0\0\1\1"

Talk = Callable[[socket.socket], None]


class Sealer:
    """Writes records of TLS 1.3 as a server that has shaken hands (RFC 8446 5.2 and 7.1)."""

    def __init__(self, secret: bytes, cipher: str) -> None:
        self._hash = hashlib.sha384 if cipher.endswith("SHA384") else hashlib.sha256
        self._key_bytes = 32 if "256_GCM" in cipher else 16
        self._use(secret)

    def seal(self, data: bytes, kind: bytes = b"\x16") -> bytes:
        """A record: of messages of the handshake, where nothing else is said."""
        inner = data + kind
        head = b"\x17\x03\x03" + struct.pack(">H", len(inner) + 16)
        nonce = (self._base ^ self._count).to_bytes(12, "big")
        self._count += 1
        return head + self._cipher.encrypt(nonce, inner, head)

    def turn_key(self) -> None:
        """Go on with the next key."""
        self._use(self._expand(b"traffic upd", len(self._secret)))

    def _use(self, secret: bytes) -> None:
        self._secret, self._count = secret, 0
        self._cipher = AESGCM(self._expand(b"key", self._key_bytes))
        self._base = int.from_bytes(self._expand(b"iv", 12), "big")

    def _expand(self, label: bytes, size: int) -> bytes:
        name = b"tls13 " + label
        info = struct.pack(">HB", size, len(name)) + name + b"\0\1"
        return hmac.digest(self._secret, info, self._hash)[:size]


def after_the_handshake(
    authority: trustme.CA, keys: Path, flood: Callable[[socket.socket, Sealer], None]
) -> Talk:
    """A server that shakes hands, hears the request, and then floods."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.keylog_filename = str(keys)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            cipher = secured.cipher()
            assert cipher
            [*_, secret] = (
                line.split()[2]
                for line in keys.read_text("ascii").splitlines()
                if line.startswith("SERVER_TRAFFIC_SECRET_0")
            )
            secured.recv(65536)
            with socket.socket(fileno=secured.detach()) as bare:
                bare.settimeout(1)
                flood(bare, Sealer(bytes.fromhex(secret), cipher[0]))

    return talk


def tickets(bare: socket.socket, sealer: Sealer) -> None:
    many = _TICKET * (16_000 // len(_TICKET))
    while True:
        bare.sendall(sealer.seal(many))


def tickets_after(answer: bytes) -> Callable[[socket.socket, Sealer], None]:
    def flood(bare: socket.socket, sealer: Sealer) -> None:
        bare.sendall(sealer.seal(answer, b"\x17"))
        tickets(bare, sealer)

    return flood


def tickets_after_much(records: int) -> Callable[[socket.socket, Sealer], None]:
    """As libcurl reads so much at once and no more, what follows is read whenever something else is ready."""

    def flood(bare: socket.socket, sealer: Sealer) -> None:
        length = records * 16_000 + 1
        bare.sendall(sealer.seal(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length, b"\x17"))
        for _ in range(records):
            bare.sendall(sealer.seal(b"x" * 16_000, b"\x17"))
        tickets(bare, sealer)

    return flood


def drip(connection: socket.socket) -> None:
    """Gives a byte a millisecond, for ever."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.001)


def key_updates(message: bytes) -> Callable[[socket.socket, Sealer], None]:
    def flood(bare: socket.socket, sealer: Sealer) -> None:
        while True:
            bare.sendall(sealer.seal(message))
            sealer.turn_key()

    return flood


def hello_requests(connection: socket.socket) -> None:
    connection.recv(65536)
    while True:
        connection.sendall(_HELLO_REQUEST * 8000)


def plain(first: bytes, piece: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while True:
            connection.sendall(piece)

    return talk


@pytest.fixture
def floods(authority: trustme.CA, tmp_path: Path) -> dict[str, tuple[str, Talk, Reason]]:
    """Scheme, server and what the check ends with."""
    keys = tmp_path / "keys"
    secured = lambda flood: after_the_handshake(authority, keys, flood)  # noqa: E731 - as short as it can be
    return {
        "requests for a handshake": ("https", hello_requests, Reason.TLS_FAILED),
        "tickets": ("https", secured(tickets), Reason.RESPONSE_INVALID),
        "tickets after the answer": ("https", secured(tickets_after(ANSWER)), Reason.OK),
        "tickets within the answer": ("https", secured(tickets_after(ANSWER[:-1])), Reason.RESPONSE_INVALID),
        "updates of keys": ("https", secured(key_updates(_KEY_UPDATE)), Reason.RESPONSE_INVALID),
        "updates of both keys": ("https", secured(key_updates(_KEY_UPDATE_PLEASE)), Reason.RESPONSE_INVALID),
        "an extension of a chunk": ("http", plain(HEAD + b"1;", b"x" * 262_144), Reason.RESPONSE_INVALID),
        "extensions of chunks": (
            "http",
            plain(HEAD, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
            Reason.RESPONSE_INVALID,
        ),
        "requests for a handshake, tcp": ("tcp", hello_requests, Reason.TLS_FAILED),
        "tickets, tcp": ("tcp", secured(tickets), Reason.TLS_FAILED),
    }


NAMES = (
    "requests for a handshake",
    "tickets",
    "tickets after the answer",
    "tickets within the answer",
    "updates of keys",
    "updates of both keys",
    "an extension of a chunk",
    "extensions of chunks",
    "requests for a handshake, tcp",
    "tickets, tcp",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_flood_ends_soon_and_holds_nobody_up(checker, serve, listen, spec, floods, name: str) -> None:
    scheme, talk, reason = floods[name]
    asked = {"tls": True, "send": "hello", "expect": "hello"} if scheme == "tcp" else {}
    flooding = f"{scheme}://127.0.0.1:{listen(talk).port}" + ("" if scheme == "tcp" else "/")
    well = [f"http://127.0.0.1:{serve().port}/", f"tcp://127.0.0.1:{listen(lambda _: None).port}"]
    began = time.monotonic()
    checker.submit(spec(flooding, timeout=TIMEOUT, **asked))
    ends: dict[str, Finished] = {}
    rounds_after = 0
    while rounds_after < 3:
        rounds_after += flooding in ends
        before = time.monotonic()
        checker.submit(*map(spec, well))
        ends |= {str(end.ticket): end for end in checker.wait(2)}
        if not set(well) <= ends.keys():
            ends |= {str(end.ticket): end for end in checker.wait(1)}
        assert time.monotonic() - before < _KEPT_UP
        assert {ends.pop(each).outcome.reason for each in well} == {Reason.OK}
    assert time.monotonic() - began < SOON
    assert ends[flooding].outcome.reason is reason
    if reason is not Reason.OK:
        assert "no part of an answer" in ends[flooding].outcome.evidence["error"]


def test_floods_among_lively_targets_end_soon_and_hold_nobody_up(
    checker, serve, listen, spec, authority, tmp_path
) -> None:
    lively = [f"http://127.0.0.1:{listen(drip).port}/" for _ in range(8)]
    flooding = []
    for number in range(6):
        talk = after_the_handshake(authority, tmp_path / f"keys {number}", tickets_after_much(9 + 2 * number))
        flooding.append(f"https://127.0.0.1:{listen(talk).port}/")
    checker.submit(*(spec(each, timeout=4) for each in lively))
    checker.submit(*(spec(each, timeout=TIMEOUT) for each in flooding))
    well, ends = f"http://127.0.0.1:{serve().port}/", {}
    began = time.monotonic()
    while not {*flooding, *lively} <= ends.keys():
        before = time.monotonic()
        checker.submit(spec(well))
        while well not in ends:
            ends |= {str(end.ticket): end for end in checker.wait(1)}
        assert ends.pop(well).outcome.reason is Reason.OK
        assert time.monotonic() - before < _KEPT_UP_BY_ALL
    assert time.monotonic() - began < TIMEOUT
    assert {ends[each].outcome.reason for each in flooding} == {Reason.RESPONSE_INVALID}
    # The engine may have been too busy to say more of them.
    assert {ends[each].outcome.reason for each in lively} <= {Reason.TIMEOUT, Reason.NOT_CHECKED}


def _number(value: int) -> bytes:
    return _field(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x82]) + struct.pack(">H", len(content)) + content


@pytest.fixture
def costly(authority: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    """A server that would have a client reckon with numbers of 10,000 bits: the most that OpenSSL takes."""
    modulus = random.Random(5).getrandbits(10_000) | 1 | 1 << 9_999
    sequence = base64.encodebytes(_field(0x30, _number(modulus) + _number(2))).decode()
    file = tmp_path / "numbers.pem"
    file.write_text(f"-----BEGIN DH PARAMETERS-----\n{sequence}-----END DH PARAMETERS-----\n", "ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_dh_params(file)
    context.set_ciphers("DHE:@SECLEVEL=0")
    authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA).configure_cert(context)
    return context


@pytest.mark.parametrize("scheme", ["https", "tcp"])
def test_no_server_has_us_reckon_with_numbers_of_its_choice(checker, listen, costly, scheme: str) -> None:
    """As browsers: no Diffie-Hellman in a group that the server makes up. It took 0.6 s in one go."""
    site = listen(lambda connection: connection.recv(1), tls=costly)
    before = time.process_time()
    settings = {"tls": True} if scheme == "tcp" else {}
    outcome = checker.check(f"{scheme}://127.0.0.1:{site.port}" + ("" if settings else "/"), **settings)
    assert outcome.reason is Reason.TLS_FAILED
    assert time.process_time() - before < 0.3
