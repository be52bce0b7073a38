"""What a log may show of an account: neither password nor hash."""

import pytest

from emeter_core.accounts import (
    Registration,
    change_user_password,
    change_user_registration,
    prepare_password_change,
    prepare_password_reset,
    prepare_registration,
)
from emeter_core.errors import Invalid

EMAIL, PASSWORD = "dora@example.com", "hello world!"


def test_a51_a_user_shows_neither_email_nor_hash(user) -> None:
    assert repr(user) == str(user) == f"<User {user.id}>"


def test_a51_no_value_shows_a_password_or_a_hash(session, user) -> None:
    values = [
        change_user_registration(session, {"email": "eve@example.com", "password": PASSWORD}),
        change_user_password(user, {"password": PASSWORD, "password_confirmation": PASSWORD}),
        prepare_registration(EMAIL, PASSWORD),
        prepare_password_change(user, PASSWORD, change_user_password(user, {"password": PASSWORD})),
        prepare_password_reset(user, change_user_password(user, {"password": PASSWORD})),
    ]
    for value in values:
        assert PASSWORD not in repr(value)
        assert "$2b$" not in repr(value)


def test_a51_no_refusal_shows_what_was_typed() -> None:
    with pytest.raises(Invalid) as caught:
        prepare_registration("not an email", "123456")
    assert "123456" not in str(caught.value)


def test_a_registration_shows_whose_it_is() -> None:
    assert repr(Registration(EMAIL, "$2b$")) == f"Registration(email={EMAIL!r})"
