"""Errors of libraries in words: nothing of their own texts gets through."""

import base64
import socket
import ssl

import pytest
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st
from requests.exceptions import ConnectionError as RequestsConnectionError

from emeter_checker.delivery.words import plain, reason_of, without_links
from emeter_core.outcome import Reason


def wrapped(error: Exception) -> Exception:
    """As requests hands on what a socket raised."""
    pool: object = None
    new = urllib3.exceptions.NewConnectionError(pool, "https://user:secret@host/")  # type: ignore[arg-type]
    new.__cause__ = error
    return RequestsConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", new))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "x"), Reason.CONNECTION_REFUSED),
        (OSError(113, "x"), Reason.HOST_UNREACHABLE),
        (OSError(101, "x"), Reason.NETWORK_UNAVAILABLE),
        (socket.gaierror(-2, "x"), Reason.NAME_NOT_FOUND),
        (ssl.SSLError(1, "x"), Reason.TLS_FAILED),
        (ConnectionResetError(104, "x"), Reason.CONNECTION_CLOSED),
    ],
)
def test_the_cause_is_found_behind_what_wraps_it(error: Exception, reason: Reason) -> None:
    assert reason_of(wrapped(error)) is reason_of(error) is reason


def test_a_connection_that_failed_took_not_too_long() -> None:
    assert reason_of(wrapped(OSError(1, "x"))) is Reason.HOST_UNREACHABLE
    assert reason_of(urllib3.exceptions.ConnectTimeoutError("x")) is Reason.CONNECT_TIMEOUT
    assert reason_of(TimeoutError("x")) is Reason.TIMEOUT


def test_what_is_unknown_is_not_guessed_at() -> None:
    assert reason_of(RuntimeError("boom")) is Reason.NOT_CHECKED


def test_a_ring_of_causes_ends() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert reason_of(first) is Reason.NOT_CHECKED


@given(st.text(max_size=500))
def test_foreign_text_is_one_printable_line(text: str) -> None:
    line = plain(text)
    assert len(line) <= 120
    assert line.isprintable()
    assert plain(line) == line


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("5.7.1 blocked: https://meter.example/users/confirm/abc see below", "5.7.1 blocked: … see below"),
        ("5.7.1 spam: HTTP://x/y", "5.7.1 spam: …"),
        ("4.3.0 mail 3D2_aB-xyzXYZ0123456789= queued", "4.3.0 mail … queued"),
        ("550 5.1.1 <bob@mail.example.com>: no such user here", None),
        ("451 4.7.1 Greylisted, try again in 300 seconds", None),
        ("", None),
    ],
)
def test_a_reply_that_quotes_a_mail_repeats_no_link(said: str, told: str | None) -> None:
    assert without_links(said) == (said if told is None else told)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 23), st.integers(20, 43))
def test_no_part_of_a_token_is_repeated_that_is_worth_anything(raw: bytes, start: int, length: int) -> None:
    part = base64.urlsafe_b64encode(raw).decode()[start : start + length]
    assert without_links(f"bad: {part}!") == "bad: …!"
