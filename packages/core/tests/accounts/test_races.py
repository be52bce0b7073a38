"""Two who change one account at the same time, on connections of their own."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from emeter_core.accounts import (
    EmailChange,
    User,
    UserToken,
    change_user_password,
    confirm_user,
    deliver_update_email_instructions,
    deliver_user_confirmation_instructions,
    end_other_sessions,
    get_signed_in,
    get_user_by_session_token,
    prepare_password_change,
    prepare_password_reset,
    purge,
    reset_user_password,
    update_user_email,
    update_user_password,
    valid_password,
)
from emeter_core.accounts.locks import lock_user
from emeter_core.errors import Invalid, NotFound
from emeter_storage.engine import SessionFactory

EMAIL, PASSWORD, NEW = "dora@example.com", "hello world!", "new valid password"
# What would wait for ever fails instead.
IMPATIENTLY = text("SET LOCAL lock_timeout = '2s'")

pytestmark = pytest.mark.usefixtures("dora")


@pytest.fixture
def dora(sessions: SessionFactory, new_user: Callable[..., User]) -> User:
    """Dora, whom everybody can see."""
    with sessions.begin() as session:
        return new_user(session)


def test_of_two_who_follow_a_link_at_once_one_confirms(
    sessions, dora, meanwhile, mark, token_in, vault, noon
) -> None:
    with sessions.begin() as session:
        mail = deliver_user_confirmation_instructions(session, dora, mark, vault=vault, now=noon)
    with sessions.begin() as first:
        assert confirm_user(first, token_in(mail), now=noon) is not None
        second = meanwhile(confirm_user, token_in(mail), now=noon)
    assert second.result(10) is None


def test_of_two_who_reset_a_password_at_once_one_does(sessions, dora, meanwhile, noon) -> None:
    change, late = (prepare_password_reset(dora, change_user_password(dora, {"password": NEW})) for _ in "12")
    with sessions.begin() as first:
        reset_user_password(first, change, now=noon)
        second = meanwhile(reset_user_password, late, now=noon)
    with pytest.raises(NotFound):
        second.result(10)
    assert stored(sessions, dora).hashed_password == change.hashed_password


def test_of_two_who_change_a_password_at_once_one_does(sessions, dora, meanwhile, noon) -> None:
    changes = change_user_password(dora, {"password": NEW})
    change, late = (prepare_password_change(dora, PASSWORD, changes) for _ in "12")
    with sessions.begin() as first:
        update_user_password(first, change, now=noon)
        second = meanwhile(update_user_password, late, now=noon)
    with pytest.raises(Invalid):
        second.result(10)


def test_a_password_that_was_changed_after_it_was_read_is_not_changed_again(sessions, dora, noon) -> None:
    changes = change_user_password(dora, {"password": NEW})
    with sessions() as slow:
        read = slow.get_one(User, dora.id)
        late = prepare_password_change(read, PASSWORD, changes)
        with sessions.begin() as fast:
            change = prepare_password_change(dora, PASSWORD, changes)
            update_user_password(fast, change, now=noon)
        with pytest.raises(Invalid):
            update_user_password(slow, late, now=noon)
        assert read.hashed_password == change.hashed_password


def test_whoever_logs_in_with_the_old_password_while_it_is_changed_stays_outside(
    sessions, dora, meanwhile, begin, noon
) -> None:
    assert valid_password(dora, PASSWORD)
    change = prepare_password_change(dora, PASSWORD, change_user_password(dora, {"password": NEW}))
    with sessions.begin() as session:
        update_user_password(session, change, now=noon)
        log_in = meanwhile(begin, dora)
    with pytest.raises(NotFound):
        log_in.result(10)
    assert count(sessions, UserToken) == 0


def test_whoever_logged_in_just_before_a_change_of_the_password_is_logged_out(
    sessions, dora, meanwhile, begin, noon
) -> None:
    change = prepare_password_change(dora, PASSWORD, change_user_password(dora, {"password": NEW}))
    with sessions.begin() as session:
        token = begin(session, dora)
        changed = meanwhile(update_user_password, change, now=noon)
    changed.result(10)
    with sessions() as session:
        assert get_user_by_session_token(session, token, now=noon) is None


def test_of_two_links_to_two_emails_followed_at_once_one_changes_it(
    sessions, dora, meanwhile, mark, token_in, vault, noon
) -> None:
    links = []
    with sessions.begin() as session:
        for email in ("first@example.com", "second@example.com"):
            change = EmailChange(dora, EMAIL, email)
            mail = deliver_update_email_instructions(session, change, mark, vault=vault, now=noon)
            links.append(token_in(mail))
    with sessions.begin() as session:
        assert update_user_email(session, dora, links[0], vault=vault, now=noon)
        second = meanwhile(update_user_email, dora, links[1], vault=vault, now=noon)
    assert second.result(10) is False
    assert stored(sessions, dora).email == "first@example.com"


def test_a_request_whose_session_was_not_seen_for_long_holds_up_no_change_of_the_password(
    sessions, dora, begin, mark, token_in, vault, noon
) -> None:
    """Else the change would hold the user and wait for the session; the request, by a link, for the user."""
    later = noon.replace(hour=13)
    with sessions.begin() as session:
        token = begin(session, dora)
        mail = deliver_user_confirmation_instructions(session, dora, mark, vault=vault, now=noon)
    change = prepare_password_change(dora, PASSWORD, change_user_password(dora, {"password": NEW}))
    with sessions.begin() as request:
        assert get_signed_in(request, token, now=later).is_unnoticed
        with sessions.begin() as session:
            session.execute(IMPATIENTLY)
            update_user_password(session, change, now=later)
        assert confirm_user(request, token_in(mail), now=later) is None


def test_of_two_who_end_each_other_both_are_ended(sessions, dora, meanwhile, begin, noon) -> None:
    with sessions.begin() as session:
        here, there = begin(session, dora), begin(session, dora)
    with sessions.begin() as session:
        assert end_other_sessions(session, dora, here) == 1
        other = meanwhile(end_other_sessions, dora, there)
    assert other.result(10) == 1
    with sessions() as session:
        ended = [get_user_by_session_token(session, token, now=noon) for token in (here, there)]
    assert ended == [None, None]


def test_whoever_ends_all_others_waits_for_the_user_and_not_for_tokens(
    sessions, dora, meanwhile, begin
) -> None:
    """Else three of them could each hold a token that another one wants."""
    with sessions.begin() as session:
        here, _ = begin(session, dora), begin(session, dora)
    with sessions.begin() as session:
        lock_user(session, dora.id)
        ended = meanwhile(end_other_sessions, dora, here)
        assert end_other_sessions(session, dora, here) == 1
    assert ended.result(10) == 0


def test_the_daily_purge_waits_for_nobody(sessions, dora, begin, noon) -> None:
    much_later = noon + timedelta(days=61)
    with sessions.begin() as session:
        for _ in "12":
            begin(session, dora)
    with sessions.begin() as holds:
        assert holds.scalars(select(UserToken.id).limit(1).with_for_update()).one()
        with sessions.begin() as session:
            session.execute(IMPATIENTLY)
            assert purge(session, now=much_later) == 1
    with sessions.begin() as session:
        assert purge(session, now=much_later) == 1


def stored(sessions: SessionFactory, user: User) -> User:
    with sessions() as session:
        return session.get_one(User, user.id)


def count(sessions: SessionFactory, model: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
