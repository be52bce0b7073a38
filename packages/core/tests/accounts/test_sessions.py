"""Sessions: begun, recognised, listed, ended."""

import hashlib
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from emeter_core.accounts import (
    User,
    UserSession,
    UserToken,
    count_sessions,
    delete_session_token,
    end_other_sessions,
    end_session,
    generate_user_session_token,
    get_user_by_session_token,
    list_sessions,
    tokens,
    touch_session,
)
from emeter_core.errors import NotFound

DAYS_60 = timedelta(days=60)
SECOND = timedelta(seconds=1)


def test_a34_a_token_is_kept_as_its_digest_and_belongs_to_one(session, user, begin, alice, noon) -> None:
    """The generator finds the row by the token itself; here every token is stored hashed."""
    token = begin(session, user)
    digest = hashlib.sha256(token).digest()
    row = session.scalars(select(UserToken).where(UserToken.token == digest)).one()
    assert (row.user_id, row.context, row.sent_to, row.inserted_at) == (user.id, "session", None, noon)
    assert len(token) == 32
    assert not session.scalars(select(UserToken).where(UserToken.token == token)).all()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(UserToken(token=row.token, user_id=alice.user.id, context="session", inserted_at=noon))


def test_a35_a_token_finds_its_user(session, user, begin, noon) -> None:
    assert get_user_by_session_token(session, begin(session, user), now=noon) is user


@pytest.mark.parametrize("token", [b"oops", b"", b"\0" * 32, b"x" * 10_000])
def test_a36_any_other_token_finds_nobody(session, user, begin, noon, token: bytes) -> None:
    begin(session, user)
    assert get_user_by_session_token(session, token, now=noon) is None


def test_what_the_table_holds_is_no_token(session, user, begin, tokens_of, noon) -> None:
    begin(session, user)
    assert get_user_by_session_token(session, tokens_of(user)[0].token, now=noon) is None


def test_a37_an_expired_token_finds_nobody(session, user, begin, expire, noon) -> None:
    token = begin(session, user)
    expire()
    assert get_user_by_session_token(session, token, now=noon) is None


def test_x24_a_session_lasts_60_days(session, user, begin, noon) -> None:
    token = begin(session, user)
    lived = {
        age: get_user_by_session_token(session, token, now=noon + age) is not None
        for age in (DAYS_60 - SECOND, DAYS_60, DAYS_60 + SECOND)
    }
    assert list(lived.values()) == [True, False, False]


def test_a38_an_ended_session_finds_nobody(session, user, begin, noon) -> None:
    token, other = begin(session, user), begin(session, user)
    delete_session_token(session, token)
    assert get_user_by_session_token(session, token, now=noon) is None
    assert get_user_by_session_token(session, other, now=noon) is user
    # Ending it again, or what never was, is no error.
    delete_session_token(session, token)
    delete_session_token(session, b"oops")


def test_only_sessions_are_ended_by_a_session_token(session, user, noon, tokens_of) -> None:
    token = b"x" * 32
    row = UserToken(user_id=user.id, token=tokens.digest(token), context="confirm", inserted_at=noon)
    session.add(row)
    session.flush()
    delete_session_token(session, token)
    assert tokens_of(user) == [row]
    assert get_user_by_session_token(session, token, now=noon) is None


def test_whoever_read_a_user_with_another_password_begins_no_session(session, user, begin) -> None:
    stale = User(id=user.id, email=user.email, hashed_password="another")
    with pytest.raises(NotFound):
        begin(session, stale)


def test_a_user_that_is_gone_begins_no_session(session, user, begin) -> None:
    session.delete(user)
    session.flush()
    with pytest.raises(NotFound):
        begin(session, user)


def test_a_session_shows_device_and_address(session, user, noon) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
    token = generate_user_session_token(session, user, device=agent, address="192.0.2.7", now=noon)
    (shown,) = list_sessions(session, user, now=noon, current=token)
    assert (shown.device, shown.address, shown.is_current) == ("Firefox on Linux", "192.0.2.7", True)
    assert (shown.seen_at, shown.inserted_at) == (noon, noon)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        (None, None),
        ("", None),
        ("unknown", None),
        ("192.0.2.7/24", None),
        ("\0", None),
    ],
)
def test_an_address_is_kept_where_it_is_one(
    session, user, noon, address: str | None, shown: str | None
) -> None:
    generate_user_session_token(session, user, device="", address=address, now=noon)
    assert [each.address for each in list_sessions(session, user, now=noon)] == [shown]


@pytest.mark.parametrize("agent", ["", "\0\x7f", "\ud800", "x" * 100_000, "\N{GRINNING FACE}" * 300])
def test_any_user_agent_can_be_kept(session, user, noon, agent: str) -> None:
    generate_user_session_token(session, user, device=agent, address=None, now=noon)
    (shown,) = list_sessions(session, user, now=noon)
    assert 0 < len(shown.device) <= 60


def test_sessions_are_listed_with_the_own_first_then_the_last_seen(session, user, begin, noon) -> None:
    oldest, *_ = (begin(session, user, now=noon - timedelta(days=days)) for days in (3, 1, 2))

    def listed(**more: object) -> list[tuple[int, bool]]:
        found = list_sessions(session, user, now=noon, **more)
        return [((noon - each.inserted_at).days, each.is_current) for each in found]

    assert listed() == [(1, False), (2, False), (3, False)]
    assert listed(current=oldest) == [(3, True), (1, False), (2, False)]
    assert listed(current=oldest, limit=2) == [(3, True), (1, False)]
    touch_session(session, oldest, now=noon + timedelta(hours=1))
    assert listed(limit=1) == [(3, False)]


def test_the_living_sessions_of_one_user_are_counted(session, user, alice, begin, noon) -> None:
    begin(session, user, now=noon - DAYS_60)
    begin(session, alice.user)
    assert count_sessions(session, user, now=noon) == 0
    for _ in "123":
        begin(session, user)
    assert count_sessions(session, user, now=noon) == 3


def test_neither_expired_sessions_nor_those_of_others_are_listed(session, user, alice, begin, noon) -> None:
    begin(session, user, now=noon - DAYS_60)
    begin(session, alice.user)
    assert list_sessions(session, user, now=noon) == []


def test_one_session_is_ended_from_another(session, user, begin, noon) -> None:
    here, there = begin(session, user), begin(session, user)
    (other,) = (each for each in list_sessions(session, user, now=noon, current=here) if not each.is_current)
    end_session(session, user, str(other.id))
    assert get_user_by_session_token(session, here, now=noon) is user
    assert get_user_by_session_token(session, there, now=noon) is None
    with pytest.raises(NotFound):
        end_session(session, user, other.id)


@pytest.mark.parametrize("session_id", ["", "7", "\0", "11111111-1111-1111-1111-111111111111"])
def test_a_session_that_is_none_cannot_be_ended(session, user, session_id: str) -> None:
    with pytest.raises(NotFound):
        end_session(session, user, session_id)


def test_charlie_does_not_end_a_session_of_alice(session, alice, charlie, begin, noon) -> None:
    token = begin(session, alice.user)
    (shown,) = list_sessions(session, alice.user, now=noon)
    with pytest.raises(NotFound):
        end_session(session, charlie.user, shown.id)
    assert end_other_sessions(session, charlie.user, b"") == 0
    assert get_user_by_session_token(session, token, now=noon) is alice.user


def test_all_other_sessions_are_ended_at_once(session, user, alice, begin, noon) -> None:
    here, others, hers = (
        begin(session, user),
        [begin(session, user) for _ in "12"],
        begin(session, alice.user),
    )
    assert end_other_sessions(session, user, here) == 2
    found = [get_user_by_session_token(session, token, now=noon) for token in (here, *others, hers)]
    assert found == [user, None, None, alice.user]


def test_a_token_ends_with_what_is_shown_of_it(session, user, begin) -> None:
    delete_session_token(session, begin(session, user))
    assert session.scalars(select(UserSession)).all() == []


def test_that_a_session_was_seen_is_noted_once_a_minute(session, user, begin, noon) -> None:
    token = begin(session, user)
    ages = [timedelta(seconds=second) for second in (0, 59, 60, 61, 119, 120)]
    assert [touch_session(session, token, now=noon + age) for age in ages] == [
        False, False, True, False, False, True,
    ]  # fmt: skip
    assert seen(session, user) == noon + timedelta(seconds=120)


def test_a_session_that_is_none_is_not_seen(session, user, begin, noon) -> None:
    begin(session, user)
    assert not touch_session(session, b"oops", now=noon + timedelta(days=1))
    assert seen(session, user) == noon


def test_two_requests_at_once_do_not_wait_to_note_that_they_were_seen(
    sessions, new_user, begin, noon
) -> None:
    with sessions.begin() as session:
        token = begin(session, new_user(session))
    later = noon + timedelta(hours=1)
    with sessions.begin() as first, sessions.begin() as second:
        assert touch_session(first, token, now=later)
        assert not touch_session(second, token, now=later)


def seen(session, user: User) -> datetime:
    found = select(UserSession.seen_at).where(UserSession.user_id == user.id)
    return session.scalars(found).one()
