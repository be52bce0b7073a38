"""How much of a request is still to come."""

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from emeter_web.collected import MAX_COLLECTED, Connection, length_of_body

GET = b"GET / HTTP/1.1\r\n"


def fresh(sock: socket.socket) -> Connection:
    return Connection(Config(), sock, ("127.0.0.1", 1), ("127.0.0.1", 2))


@pytest.fixture
def conn() -> Iterator[Connection]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield fresh(ours)


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"Host: x", 0),
        (b"Content-Length: 0", 0),
        (b"content-LENGTH:\t12 ", 12),
        (b"X-Content-Length: 12", 0),
        (b"X: Content-Length: 12", 0),
        (b"Content-Length: 12\r\nContent-Length: 12", None),
        (b"Content-Length: -1", None),
        (b"Content-Length: +1", None),
        (b"Content-Length: 1_0", None),
        (b"Content-Length: ", None),
        ("Content-Length: ²".encode("latin-1"), None),
        (b"Content-Length: " + b"9" * 5000, None),
        (b"Transfer-Encoding: chunked", None),
        (b"transfer-encoding: x", None),
        (b"Content-Length: 12\r\nTransfer-Encoding: chunked", None),
        (b"Content-Length: 12\r\nExpect: 100-continue", None),
        (b"Expect: 200-ok", 0),
    ],
)
def test_a_length_that_is_not_said_plainly_is_none(head: bytes, length: int | None) -> None:
    assert length_of_body(GET + head) == length


@given(st.integers(0, 3000), st.lists(st.integers(1, 700), max_size=12))
def test_whatever_the_pieces_it_is_whole_with_the_last_byte(length: int, sizes: list[int]) -> None:
    whole = GET + b"Content-Length: %d\r\n\r\n" % length + b"\r\n\r\n" * (length // 4) + b"x" * (length % 4)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conn = fresh(ours)
        at = 0
        for size in [*sizes, len(whole)]:
            piece = whole[at : at + min(size, conn.room)]
            at += len(piece)
            if piece:
                assert not conn.is_whole
                conn.add(piece)
        assert at == len(whole)
        assert conn.is_whole
        assert conn.take() == whole


def test_a_line_that_ends_wrongly_ends_the_head_wherever_it_is_cut(conn: Connection) -> None:
    conn.add(GET[:-1])
    conn.add(b"\nContent-Length: 9\r")
    assert not conn.has_head
    conn.add(b"\nX\n")
    assert (conn.has_head, conn.is_whole, conn.error) == (True, True, None)


@pytest.mark.parametrize(("begin", "error"), [(GET, 431), (b"GET /", 414)])
def test_what_has_no_head_within_64_kib_is_none(conn: Connection, begin: bytes, error: int) -> None:
    conn.add(begin.ljust(MAX_COLLECTED, b"a"))
    assert (conn.error, conn.room) == (None, 1)
    conn.add(b"a")
    assert (conn.error, conn.is_whole) == (error, False)


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_head_and_body_have_64_kib_together(conn: Connection, by: int) -> None:
    head = GET + b"Content-Length: %d\r\n\r\n"
    length = MAX_COLLECTED - len(head % 65000) + by
    conn.add(head % length)
    assert conn.is_open_ended is (by > 0)
    if by <= 0:
        assert conn.room == length


def test_the_next_request_begins_anew(conn: Connection) -> None:
    conn.add(GET + b"\r\n")
    assert conn.is_whole
    conn.begin(5.0)
    assert (conn.is_whole, conn.has_head, conn.room) == (False, False, MAX_COLLECTED + 1)
    assert conn.lasts_until == conn.began_at + 5
