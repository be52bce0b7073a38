"""Another password, by whoever knows the current one."""

import pytest

from emeter_core.accounts import (
    User,
    change_user_password,
    get_user_by_email,
    get_user_by_session_token,
    hash_password,
    prepare_password_change,
    update_user_password,
    valid_password,
)

EMAIL, PASSWORD, NEW = "dora@example.com", "hello world!", "new valid password"
SHORT = "should be at least 12 character(s)"


def test_a27_a_form_says_what_is_required(user) -> None:
    assert change_user_password(user, {}).required == ("password",)


def test_a28_a_form_keeps_what_was_typed_and_hashes_nothing(user) -> None:
    changes = change_user_password(
        user, {"password": NEW, "password_confirmation": NEW, "hashed_password": "x"}
    )
    assert changes.is_valid
    assert changes.changes == {"password": NEW}


def test_a29_a_password_is_validated(user, errors_of) -> None:
    changes = change_user_password(user, {"password": "not valid", "password_confirmation": "another"})
    assert errors_of(prepare_password_change, user, PASSWORD, changes) == {
        "password": [SHORT],
        "password_confirmation": ["does not match password"],
    }


def test_a30_a_password_has_a_maximum(user, errors_of) -> None:
    changes = change_user_password(user, {"password": "db" * 100})
    fields = errors_of(prepare_password_change, user, PASSWORD, changes)
    assert "should be at most 72 character(s)" in fields["password"]


@pytest.mark.parametrize("current", ["invalid", "", None, "x" * 100])
def test_a31_the_current_password_is_asked(user, errors_of, current: str | None) -> None:
    changes = change_user_password(user, {"password": NEW})
    fields = errors_of(prepare_password_change, user, current, changes)
    assert fields == {"current_password": ["is not valid"]}


def test_all_that_is_wrong_is_told_together(user, errors_of) -> None:
    changes = change_user_password(user, {"password": "not valid", "password_confirmation": "another"})
    assert errors_of(prepare_password_change, user, "invalid", changes) == {
        "password": [SHORT],
        "password_confirmation": ["does not match password"],
        "current_password": ["is not valid"],
    }


@pytest.mark.parametrize(
    ("attrs", "fields"),
    [
        ({}, {"password": ["can't be blank"]}),
        ({"password": " " * 12}, {"password": ["can't be blank"]}),
        ({"password": [NEW]}, {"password": ["is invalid"]}),
        ({"password": NEW}, {}),
        ({"password": NEW, "password_confirmation": NEW}, {}),
        (
            {"password": NEW, "password_confirmation": NEW.upper()},
            {"password_confirmation": ["does not match password"]},
        ),
        (
            {"password": NEW, "password_confirmation": None},
            {"password_confirmation": ["does not match password"]},
        ),
        (
            {"password_confirmation": NEW},
            {"password": ["can't be blank"], "password_confirmation": ["does not match password"]},
        ),
    ],
)
def test_a_password_is_typed_twice_or_once_and_equal(user, attrs, fields) -> None:
    assert change_user_password(user, attrs).errors == fields


def test_a32_the_new_password_logs_in(session, user, noon) -> None:
    change = prepare_password_change(user, PASSWORD, change_user_password(user, {"password": NEW}))
    changed = update_user_password(session, change, now=noon)
    assert changed is user
    assert not hasattr(changed, "password")
    session.expire(user)
    found = get_user_by_email(session, EMAIL)
    assert valid_password(found, NEW)
    assert not valid_password(found, PASSWORD)


def test_a33_all_tokens_are_deleted(session, user, begin, tokens_of, alice, noon) -> None:
    token, hers = begin(session, user), begin(session, alice.user)
    change = prepare_password_change(user, PASSWORD, change_user_password(user, {"password": NEW}))
    update_user_password(session, change, now=noon)
    assert tokens_of(user) == []
    assert get_user_by_session_token(session, token, now=noon) is None
    assert get_user_by_session_token(session, hers, now=noon) is alice.user
    # Whoever changed it logs in anew at once.
    assert get_user_by_session_token(session, begin(session, user), now=noon) is user


def test_a_password_that_was_changed_meanwhile_is_not_the_current_one(
    session, user, begin, tokens_of, noon, errors_of
) -> None:
    late = prepare_password_change(user, PASSWORD, change_user_password(user, {"password": NEW}))
    user.hashed_password = hash_password("somebody was faster")
    begin(session, user)
    fields = errors_of(update_user_password, session, late, now=noon)
    assert fields == {"current_password": ["is not valid"]}
    assert valid_password(user, "somebody was faster")
    assert len(tokens_of(user)) == 1


def test_the_password_of_a_user_that_is_gone_is_not_changed(session, user, noon, errors_of) -> None:
    change = prepare_password_change(user, PASSWORD, change_user_password(user, {"password": NEW}))
    session.delete(user)
    session.flush()
    assert errors_of(update_user_password, session, change, now=noon)
    assert session.get(User, change.user_id) is None
