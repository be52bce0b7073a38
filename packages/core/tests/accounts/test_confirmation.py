"""That an e-mail is its user's: a link says so, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from emeter_core.accounts import User, confirm_user, deliver_user_confirmation_instructions

EMAIL = "dora@example.com"
DAYS_7 = timedelta(days=7)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ask(session, mark, token_in, vault, noon) -> Callable[[User], str]:
    """Ask for a link: the token that is mailed."""

    def ask(user: User) -> str:
        return token_in(deliver_user_confirmation_instructions(session, user, mark, vault=vault, now=noon))

    return ask


def test_a39_the_link_is_mailed_and_kept_as_its_digest(
    session, user, mark, token_in, row_of, tokens_of, vault, noon
) -> None:
    mail = deliver_user_confirmation_instructions(session, user, mark, vault=vault, now=noon)
    row = row_of(token_in(mail))
    assert tokens_of(user) == [row]
    assert (row.user_id, row.sent_to, row.context) == (user.id, EMAIL, "confirm")
    assert mail is not None
    assert (mail.to, mail.subject) == (EMAIL, "Confirmation instructions")


def test_whoever_is_confirmed_gets_no_link(session, user, mark, tokens_of, vault, noon) -> None:
    user.confirmed_at = noon
    assert deliver_user_confirmation_instructions(session, user, mark, vault=vault, now=noon) is None
    assert tokens_of(user) == []


def test_a40_the_link_confirms_once(session, user, ask, tokens_of, noon) -> None:
    token, later = ask(user), noon + SECOND
    assert confirm_user(session, token, now=later) is user
    session.refresh(user)
    assert (user.confirmed_at, user.updated_at) == (later, later)
    assert tokens_of(user) == []
    assert confirm_user(session, token, now=later) is None


@pytest.mark.parametrize("token", ["oops", "", "oo!ps", "é", "\ud800", "a", "=", "x" * 100_000])
def test_a41_any_other_link_confirms_nobody(session, user, ask, tokens_of, noon, token: str) -> None:
    ask(user)
    assert confirm_user(session, token, now=noon) is None
    assert (user.confirmed_at, len(tokens_of(user))) == (None, 1)


def test_a42_an_expired_link_confirms_nobody(session, user, ask, expire, tokens_of, noon) -> None:
    token = ask(user)
    expire()
    assert confirm_user(session, token, now=noon) is None
    assert (user.confirmed_at, len(tokens_of(user))) == (None, 1)


@pytest.mark.parametrize("late", [-SECOND, timedelta(0), SECOND])
def test_x24_a_link_is_good_for_7_days(session, user, ask, noon, late: timedelta) -> None:
    assert (confirm_user(session, ask(user), now=noon + DAYS_7 + late) is user) is (late < timedelta(0))


@pytest.mark.parametrize("used", [0, 1])
def test_x07_both_of_two_links_are_good_and_using_one_kills_both(session, user, ask, noon, used: int) -> None:
    links = [ask(user), ask(user)]
    assert confirm_user(session, links[used], now=noon) is user
    assert [confirm_user(session, link, now=noon) for link in links] == [None, None]


def test_confirming_leaves_sessions_alone(session, user, ask, begin, tokens_of, noon) -> None:
    begin(session, user)
    confirm_user(session, ask(user), now=noon)
    assert [row.context for row in tokens_of(user)] == ["session"]


def test_a_link_to_an_earlier_email_confirms_nobody(session, user, ask, noon) -> None:
    token = ask(user)
    user.email = "Dora@example.com"
    session.flush()
    assert confirm_user(session, token, now=noon) is None


def test_a_link_confirms_whose_it_is(session, user, alice, ask, noon) -> None:
    token = ask(user)
    assert confirm_user(session, token, now=noon) is user
    assert alice.user.confirmed_at is None
