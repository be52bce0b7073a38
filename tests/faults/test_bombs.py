"""R33: what a target sends costs us no more than the cap, however it is packed."""

import gzip
import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_server, socket
from typing import Any

import harness.frugal
import pytest

from emeter_checker.kinds.http.request import KEPT_FOR_EVIDENCE

MIB = 1024 * 1024
CAP = MIB
_PIECE = 256 * 1024

Send = Callable[[socket], None]
Check = Callable[..., dict[str, Any]]


class Site:
    """A server that does one thing to whoever asks."""

    def __init__(self) -> None:
        self.send: Send = lambda _: None
        self._listener = create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket() as knock:
            self.send = lambda _: self._listener.close()
            knock.connect(self._listener.getsockname())
            knock.sendall(b"x")
        self._thread.join(10)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                with self._listener.accept()[0] as connection, suppress(OSError):
                    connection.settimeout(10)
                    connection.recv(65536)
                    self.send(connection)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="module")
def check(site: Site) -> Iterator[Check]:
    """Check what the site sends; returns what it cost."""
    script = str(Path(harness.frugal.__file__))
    with subprocess.Popen([sys.executable, script], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin
        assert process.stdout

        def ask(send: Send, *, timeout: float = 5.0, **settings: object) -> dict[str, Any]:
            assert process.stdin
            assert process.stdout
            site.send = send
            asked = {"url": site.url, "timeout": timeout, "settings": {"body_cap": CAP, **settings}}
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            told: dict[str, Any] = json.loads(process.stdout.readline())
            return told

        # The first check of each kind pays for what is made once.
        ask(
            lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
            keyword="x",
        )
        yield ask
        process.stdin.close()


def head(*fields: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", *fields, "", "")).encode()


def whole(data: bytes, *fields: str) -> Send:
    return lambda connection: connection.sendall(head(*fields, f"Content-Length: {len(data)}") + data)


def endless(first: bytes, piece: bytes) -> Send:
    def send(connection: socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)

    return send


def zeros(size: int, bits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    packed = [packer.compress(bytes(_PIECE)) for _ in range(size // _PIECE)]
    return b"".join([*packed, packer.flush()])


def chain(depth: int) -> bytes:
    data = bytes(10 * MIB)
    for _ in range(depth):
        data = gzip.compress(data)
    return data


BOMB = zeros(100 * MIB, 31)

TOO_LARGE, INVALID, HEADERS = "BODY_TOO_LARGE", "RESPONSE_INVALID", "HEADERS_TOO_LARGE"

CASES: dict[str, tuple[Send, str]] = {
    "100 MiB of gzip": (whole(BOMB, "Content-Encoding: gzip"), TOO_LARGE),
    "100 MiB of x-gzip": (whole(BOMB, "Content-Encoding: x-gzip"), TOO_LARGE),
    "100 MiB of deflate": (whole(zeros(100 * MIB, 15), "Content-Encoding: deflate"), TOO_LARGE),
    "100 MiB of raw deflate": (whole(zeros(100 * MIB, -15), "Content-Encoding: deflate"), TOO_LARGE),
    "an endless body": (endless(head(), b"x" * _PIECE), TOO_LARGE),
    "an endless chunked body": (
        endless(head("Transfer-Encoding: chunked"), b"40000\r\n" + b"x" * _PIECE + b"\r\n"),
        TOO_LARGE,
    ),
    "chunks of a byte": (endless(head("Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 8192), TOO_LARGE),
    "10 GiB of Content-Length": (
        endless(head(f"Content-Length: {10 * 1024 * MIB}"), b"x" * _PIECE),
        TOO_LARGE,
    ),
    "endless empty blocks": (endless(head("Content-Encoding: deflate"), b"\0\0\0\xff\xff" * 8192), TOO_LARGE),
    "five codings": (whole(chain(5), "Content-Encoding: " + ", ".join(["gzip"] * 5)), INVALID),
    "five fields of a coding": (whole(chain(5), *["Content-Encoding: gzip"] * 5), INVALID),
    "br that was not asked for": (whole(b"\x8b\x00\x80" * 1000, "Content-Encoding: br"), INVALID),
    "zstd that was not asked for": (whole(b"\x28\xb5\x2f\xfd" * 1000, "Content-Encoding: zstd"), INVALID),
    "endless br": (endless(head("Content-Encoding: br"), b"\x8b" * _PIECE), TOO_LARGE),
    "a header without end": (endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * _PIECE), HEADERS),
    "headers without end": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 8192), HEADERS),
    "interim answers without end": (endless(b"", b"HTTP/1.1 103 E\r\nX: y\r\n\r\n" * 4096), HEADERS),
    "trailers without end": (
        endless(head("Transfer-Encoding: chunked") + b"0\r\n", b"X: y\r\n" * 8192),
        HEADERS,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bomb_costs_little(check: Check, figure: Callable[[str], None], name: str) -> None:
    send, reason = CASES[name]
    told = check(send, keyword="xyz")
    figure(
        f"{name}: {told['memory'] / MIB:.1f} MiB, {told['processor_ms']:.0f} ms, {told['kept']:,} bytes kept"
    )
    assert told["reason"] == reason
    assert told["kept"] <= KEPT_FOR_EVIDENCE
    assert told["memory"] <= 16 * MIB
    assert told["processor_ms"] <= 200
    assert told["evidence"] <= 16 * 1024
