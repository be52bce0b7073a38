"""What was said on a port and what was heard, as evidence shows it."""

import ssl
from datetime import UTC, datetime

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.kinds.evidence import BODY_READ, without_secrets
from emeter_checker.kinds.tcp.trust import read_certificate
from emeter_checker.kinds.tcp.words import secrets_in, shown


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (b"", ""),
        (b"220 ready\r\n", "220 ready\n"),
        (b"one\ntwo\r\nthree", "one\ntwo\nthree"),
        (b"a\rb\t\0\x1b[31m\xff", r"a\rb\t\0\x1b[31m\xff"),
        ("é \N{SNOWMAN}".encode(), "é \N{SNOWMAN}"),
    ],
)
def test_what_was_heard_is_shown_line_by_line(heard: bytes, text: str) -> None:
    assert shown(heard) == text


@given(st.binary())
def test_nothing_that_a_terminal_obeys_is_shown(heard: bytes) -> None:
    assert all(line.isprintable() for line in shown(heard).split("\n"))


def test_of_much_only_the_beginning_is_shown() -> None:
    assert len(shown(b"x" * 10_000)) == BODY_READ


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=6, max_size=40))
def test_a_word_that_was_said_is_not_shown(word: str) -> None:
    said = f"AUTH {word}\r\n".encode()
    for heard in (said, b"-ERR " + said):
        evidence = without_secrets({"body": shown(heard)}, secrets_in(said))
        assert word not in evidence["body"].replace("[hidden]", "")


def test_short_words_and_none_are_no_secrets() -> None:
    assert secrets_in(b"PING\r\n") == secrets_in(b"") == set()


def test_a_certificate_is_read_once_and_junk_is_none() -> None:
    ends = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    issued = trustme.CA().issue_cert("a.test", not_after=ends)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    found = read_certificate(der)
    assert found is not None
    assert found.ends_at == ends
    assert "O=trustme" in found.issuer
    assert read_certificate(der) is found
    assert read_certificate(b"junk") is None
