"""Tokens: what leaves the server, what is kept, and for how long."""

import base64
import hashlib
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.accounts import UserToken, purge, tokens

SECOND = timedelta(seconds=1)
LIFETIMES = {
    "session": timedelta(days=60),
    "confirm": timedelta(days=7),
    "reset_password": timedelta(days=1),
    "change:dora@example.com": timedelta(days=7),
}


def test_a_link_holds_43_characters_and_the_table_their_digest(noon) -> None:
    token, row = tokens.build_email_token(uuid.uuid4(), "confirm", sent_to="a@b", now=noon)
    assert len(token) == 43
    raw = base64.urlsafe_b64decode(token + "=")
    assert len(raw) == 32
    assert row.token == hashlib.sha256(raw).digest() == tokens.email_digest(token)


def test_no_two_tokens_are_equal(user, noon) -> None:
    assert len({tokens.build_session_token(user, now=noon)[0] for _ in range(100)}) == 100


@given(st.binary(max_size=40))
def test_a_digest_is_that_of_the_decoded_bytes(raw: bytes) -> None:
    written = base64.urlsafe_b64encode(raw).decode()
    assert tokens.email_digest(written) == tokens.email_digest(written.rstrip("=")) == tokens.digest(raw)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_a_digest_or_none(text: str) -> None:
    digest = tokens.email_digest(text)
    assert digest is None or len(digest) == 32


@pytest.mark.parametrize("token", ["oo!ps", "oo ps", "oops\n", "oo+/", "ööps", "a", "====", "=a"])
def test_what_is_no_base64_of_a_url_is_no_token(token: str) -> None:
    assert tokens.email_digest(token) is None


def test_expired_tokens_are_purged_and_no_others(session, user, noon) -> None:
    for context, lifetime in LIFETIMES.items():
        for number, age in enumerate((lifetime - SECOND, lifetime, lifetime + SECOND)):
            keep(session, user, f"{context}{number}".encode(), context, noon - age)
    # What this version does not know, another one may.
    keep(session, user, b"unknown", "unknown", noon - timedelta(days=1000))
    assert purge(session, now=noon) == 2 * len(LIFETIMES)
    left = {row.token for row in session.query(UserToken)}
    assert left == {f"{context}0".encode() for context in LIFETIMES} | {b"unknown"}
    assert purge(session, now=noon) == 0


def keep(session, user, token: bytes, context: str, at) -> None:
    session.add(UserToken(user_id=user.id, token=token, context=context, inserted_at=at))
    session.flush()
