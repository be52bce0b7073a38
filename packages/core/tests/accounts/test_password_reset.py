"""A new password by a link, for whoever forgot theirs."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from emeter_core.accounts import (
    EmailChange,
    User,
    change_user_password,
    deliver_update_email_instructions,
    deliver_user_reset_password_instructions,
    get_user_by_email,
    get_user_by_reset_password_token,
    get_user_by_session_token,
    prepare_password_reset,
    reset_user_password,
    tokens,
    update_user_email,
    valid_password,
)
from emeter_core.errors import NotFound

EMAIL, PASSWORD, NEW = "dora@example.com", "hello world!", "new valid password"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ask(session, mark, token_in, vault, noon) -> Callable[[User], str]:
    """Ask for a link: the token that is mailed."""

    def ask(user: User) -> str:
        return token_in(deliver_user_reset_password_instructions(session, user, mark, vault=vault, now=noon))

    return ask


@pytest.fixture
def find(session, noon) -> Callable[..., User | None]:
    """The user whose link it is."""
    return lambda token, now=noon: get_user_by_reset_password_token(session, token, now=now)


def test_a43_the_link_is_mailed_and_kept_as_its_digest(
    session, user, mark, token_in, row_of, tokens_of, vault, noon
) -> None:
    mail = deliver_user_reset_password_instructions(session, user, mark, vault=vault, now=noon)
    row = row_of(token_in(mail))
    assert tokens_of(user) == [row]
    assert (row.user_id, row.sent_to, row.context) == (user.id, EMAIL, "reset_password")
    assert (mail.to, mail.subject) == (EMAIL, "Reset password instructions")


def test_a44_looking_at_a_link_does_not_use_it_up(user, ask, find, tokens_of) -> None:
    token = ask(user)
    assert find(token) is find(token) is user
    assert len(tokens_of(user)) == 1


@pytest.mark.parametrize("token", ["oops", "", "oo!ps", "é", "\ud800", "a", "=", "x" * 100_000])
def test_a45_any_other_link_finds_nobody(user, ask, find, tokens_of, token: str) -> None:
    ask(user)
    assert find(token) is None
    assert len(tokens_of(user)) == 1


def test_a46_an_expired_link_finds_nobody(user, ask, find, expire, tokens_of) -> None:
    token = ask(user)
    expire()
    assert find(token) is None
    assert len(tokens_of(user)) == 1


@pytest.mark.parametrize("late", [-SECOND, timedelta(0), SECOND])
def test_x24_a_link_is_good_for_a_day(user, ask, find, noon, late: timedelta) -> None:
    assert (find(ask(user), noon + DAY + late) is user) is (late < timedelta(0))


def test_a47_a_password_is_validated(user, errors_of) -> None:
    changes = change_user_password(user, {"password": "not valid", "password_confirmation": "another"})
    assert errors_of(prepare_password_reset, user, changes) == {
        "password": ["should be at least 12 character(s)"],
        "password_confirmation": ["does not match password"],
    }


def test_a48_a_password_has_a_maximum(user, errors_of) -> None:
    fields = errors_of(prepare_password_reset, user, change_user_password(user, {"password": "db" * 100}))
    assert "should be at most 72 character(s)" in fields["password"]


def test_a49_the_new_password_logs_in(session, user, noon) -> None:
    changes = change_user_password(user, {"password": NEW, "password_confirmation": NEW})
    changed = reset_user_password(session, prepare_password_reset(user, changes), now=noon)
    assert changed is user
    assert not hasattr(changed, "password")
    session.expire(user)
    found = get_user_by_email(session, EMAIL)
    assert valid_password(found, NEW)
    assert not valid_password(found, PASSWORD)
    # A link to the address confirms nothing but that the link was read.
    assert user.confirmed_at is None


def test_x19_a_password_typed_once_is_accepted(session, user, noon) -> None:
    change = prepare_password_reset(user, change_user_password(user, {"password": NEW}))
    assert valid_password(reset_user_password(session, change, now=noon), NEW)


def test_a50_all_tokens_are_deleted(session, user, ask, begin, tokens_of, noon) -> None:
    begin(session, user)
    token, _other = ask(user), ask(user)
    change = prepare_password_reset(user, change_user_password(user, {"password": NEW}))
    reset_user_password(session, change, now=noon)
    assert tokens_of(user) == []
    assert get_user_by_reset_password_token(session, token, now=noon) is None


def test_x08_after_a_change_of_the_email_the_link_is_dead(
    session, user, ask, find, mark, token_in, vault, noon, tokens_of
) -> None:
    token = ask(user)
    change = EmailChange(user, EMAIL, "Dora@example.com")  # another case is another address
    link = token_in(deliver_update_email_instructions(session, change, mark, vault=vault, now=noon))
    assert update_user_email(session, user, link, vault=vault, now=noon)
    assert find(token) is None
    assert [row.context for row in tokens_of(user)] == ["reset_password"]


def test_x09_a_reset_logs_out_all_devices(session, user, alice, begin, noon) -> None:
    devices, hers = [begin(session, user) for _ in "123"], begin(session, alice.user)
    change = prepare_password_reset(user, change_user_password(user, {"password": NEW}))
    reset_user_password(session, change, now=noon)
    assert [get_user_by_session_token(session, each, now=noon) for each in devices] == [None] * 3
    assert get_user_by_session_token(session, hers, now=noon) is alice.user


def test_two_who_opened_the_link_reset_it_once(session, user, noon) -> None:
    first, second = (
        prepare_password_reset(user, change_user_password(user, {"password": each}))
        for each in ("first new password", "second new password")
    )
    reset_user_password(session, first, now=noon)
    with pytest.raises(NotFound):
        reset_user_password(session, second, now=noon)
    assert valid_password(user, "first new password")


def test_a_link_of_one_kind_is_none_of_another(session, user, ask, find, begin, noon, vault) -> None:
    token = ask(user)
    raw = begin(session, user)
    assert get_user_by_session_token(session, tokens.email_digest(token) or b"", now=noon) is None
    assert find(raw.hex()) is None
    assert not update_user_email(session, user, token, vault=vault, now=noon)
