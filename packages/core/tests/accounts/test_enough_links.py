"""Links to a mailbox: five of a kind within an hour, whoever asks, and never none that is good."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    EmailChange,
    User,
    change_user_password,
    confirm_user,
    deliver_update_email_instructions,
    deliver_user_confirmation_instructions,
    deliver_user_reset_password_instructions,
    get_user_by_email,
    get_user_by_reset_password_token,
    prepare_password_reset,
    reset_user_password,
    update_user_email,
)
from emeter_core.mail import Mail
from emeter_core.outbox import Delivery

DELIVER = {
    "confirmation": deliver_user_confirmation_instructions,
    "password_reset": deliver_user_reset_password_instructions,
}
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def ask(session, mark, vault, noon) -> Callable[..., Mail | None]:
    """Ask for a link of a kind."""

    def ask(kind: str, user: User, after: timedelta = timedelta(0)) -> Mail | None:
        return DELIVER[kind](session, user, mark, vault=vault, now=noon + after)

    return ask


def queued(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Delivery)) or 0


@pytest.mark.parametrize("kind", DELIVER)
def test_the_sixth_within_an_hour_is_not_mailed_and_the_first_five_stay_good(
    session, user, ask, tokens_of, kind: str
) -> None:
    mails = [ask(kind, user, SECOND * number) for number in range(8)]
    assert [mail is not None for mail in mails] == [True] * 5 + [False] * 3
    assert len(tokens_of(user)) == queued(session) == 5

    assert ask(kind, user, HOUR - SECOND) is None
    assert ask(kind, user, HOUR) is not None


def test_each_kind_and_each_account_has_five_of_its_own(user, alice, ask) -> None:
    for _ in range(6):
        ask("confirmation", user)
    assert ask("password_reset", user) is not None
    assert ask("confirmation", alice.user) is not None


def test_once_a_link_was_used_the_next_one_is_mailed(session, user, ask, token_in, noon) -> None:
    tokens = [token_in(ask("password_reset", user)) for _ in range(5)]
    assert get_user_by_reset_password_token(session, tokens[0], now=noon) is user
    change = prepare_password_reset(user, change_user_password(user, {"password": "new valid password"}))
    reset_user_password(session, change, now=noon)
    assert ask("password_reset", user) is not None


def test_links_to_another_email_do_not_count(session, user, ask, mark, token_in, vault, noon) -> None:
    for _ in range(5):
        ask("password_reset", user)
    change = EmailChange(user, user.email, "Dora@example.com")  # another case is another address
    link = token_in(deliver_update_email_instructions(session, change, mark, vault=vault, now=noon))
    assert update_user_email(session, user, link, vault=vault, now=noon)
    assert ask("password_reset", user) is not None


def test_who_is_confirmed_is_mailed_no_link_to_confirm(session, user, ask, token_in, noon) -> None:
    assert confirm_user(session, token_in(ask("confirmation", user)), now=noon) is user
    assert ask("confirmation", user) is None


@pytest.mark.parametrize("kind", DELIVER)
def test_of_two_who_ask_at_once_one_gets_the_last_link(
    sessions, new_user, meanwhile, mark, vault, noon, kind: str
) -> None:
    with sessions.begin() as session:
        dora = new_user(session)
        for _ in range(4):
            DELIVER[kind](session, dora, mark, vault=vault, now=noon)
    with sessions.begin() as session:
        mine = get_user_by_email(session, dora.email)
        assert mine is not None
        assert DELIVER[kind](session, mine, mark, vault=vault, now=noon) is not None
        other = meanwhile(DELIVER[kind], dora, mark, vault=vault, now=noon)
    assert other.result(10) is None
    with sessions.begin() as session:
        assert queued(session) == 5
