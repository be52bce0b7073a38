"""Registration: who may have an account, and with what."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    Membership,
    Registration,
    Role,
    Team,
    User,
    change_user_registration,
    get_user_by_email,
    prepare_registration,
    register_user,
    scope_of,
    verify_password,
)
from emeter_core.alerts import list_channels
from emeter_core.errors import Invalid

EMAIL, PASSWORD = "dora@example.com", "hello world!"
DORA = Registration(EMAIL, "$2b$04$" + "x" * 53)
TAKEN = {"email": ["has already been taken"]}
TOO_LONG = "db" * 100


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(each)) or 0 for each in (User, Team, Membership)]


def test_a08_email_and_password_are_required(session, errors_of) -> None:
    both = {"email": ["can't be blank"], "password": ["can't be blank"]}
    assert errors_of(prepare_registration, None, None) == both
    assert change_user_registration(session, {}).errors == both


def test_a09_email_and_password_are_validated(session, errors_of) -> None:
    both = {
        "email": ["must have the @ sign and no spaces"],
        "password": ["should be at least 12 character(s)"],
    }
    assert errors_of(prepare_registration, "not valid", "not valid") == both
    assert change_user_registration(session, {"email": "not valid", "password": "not valid"}).errors == both


def test_a10_email_and_password_have_a_maximum(errors_of) -> None:
    fields = errors_of(prepare_registration, TOO_LONG, TOO_LONG)
    assert "should be at most 160 character(s)" in fields["email"]
    assert "should be at most 72 character(s)" in fields["password"]


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper(), "Dora@Example.COM"])
def test_a11_an_email_is_taken_once_in_any_case(session, noon, errors_of, email: str) -> None:
    register_user(session, DORA, now=noon)
    again = Registration(email, DORA.hashed_password)
    assert errors_of(register_user, session, again, now=noon) == TAKEN
    assert change_user_registration(session, {"email": email, "password": PASSWORD}).errors == TAKEN
    assert counts(session) == [1, 1, 1]


def test_a12_whoever_registers_has_a_hash_and_is_not_confirmed(session, noon) -> None:
    user = register_user(session, prepare_registration(EMAIL, PASSWORD), now=noon)
    assert (user.email, user.confirmed_at, user.inserted_at) == (EMAIL, None, noon)
    assert verify_password(user.hashed_password, PASSWORD)
    assert not hasattr(user, "password")


def test_a13_a_form_says_what_is_required(session) -> None:
    assert change_user_registration(session, {}).required == ("password", "email")


def test_a14_a_form_keeps_what_was_typed_and_hashes_nothing(session) -> None:
    changes = change_user_registration(session, {"email": EMAIL, "password": PASSWORD})
    assert changes.is_valid
    assert changes.changes == {"email": EMAIL, "password": PASSWORD}


def test_x17_nothing_but_email_and_password_is_taken_from_a_form(session, noon) -> None:
    changes = change_user_registration(
        session,
        {
            "email": EMAIL,
            "password": PASSWORD,
            "confirmed_at": noon,
            "hashed_password": "chosen",
            "id": "11111111-1111-1111-1111-111111111111",
        },
    )
    assert set(changes.changes) == {"email", "password"}
    # And no argument by which more could come in.
    with pytest.raises(TypeError):
        prepare_registration(**changes.changes, confirmed_at=noon)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [7, [EMAIL], {"x": "1"}, b"bytes", True])
def test_what_is_no_text_is_told_just_that(session, value: object) -> None:
    fields = change_user_registration(session, {"email": value, "password": value}).errors
    assert fields == {"email": ["is invalid"], "password": ["is invalid"]}


def test_a_taken_email_and_a_bad_password_are_told_together(session, user) -> None:
    fields = change_user_registration(session, {"email": user.email, "password": "short"}).errors
    assert fields == {**TAKEN, "password": ["should be at least 12 character(s)"]}


def test_whoever_registers_owns_a_team(session, noon) -> None:
    user = register_user(session, DORA, now=noon)
    scope = scope_of(session, user)
    assert (scope.user, scope.role) == (user, Role.OWNER)
    assert (scope.team.name, scope.team.time_zone) == ("dora's team", "UTC")
    assert counts(session) == [1, 1, 1]


def test_the_team_is_told_by_mail_from_the_start(session, noon) -> None:
    scope = scope_of(session, register_user(session, DORA, now=noon))
    channel = list_channels(session, scope)["mail"]
    assert (channel.target, channel.enabled) == (EMAIL, True)


def test_everybody_has_a_team_of_their_own(session, alice, charlie) -> None:
    assert alice.team.id != charlie.team.id


def test_the_case_that_was_typed_is_kept(session, noon) -> None:
    register_user(session, Registration("Dora@Example.com", DORA.hashed_password), now=noon)
    found = get_user_by_email(session, "dORA@eXAMPLE.com")
    assert found is not None
    session.refresh(found)
    assert found.email == "Dora@Example.com"


def test_x22_whoever_is_faster_between_question_and_insert_has_the_email(sessions, noon) -> None:
    def be_faster(*_flush: object) -> None:
        with sessions.begin() as fast:
            register_user(fast, Registration(EMAIL.upper(), DORA.hashed_password), now=noon)

    with sessions.begin() as slow:
        event.listen(slow, "before_flush", be_faster, once=True)
        with pytest.raises(Invalid) as caught:
            register_user(slow, DORA, now=noon)
        assert caught.value.fields == TAKEN
        # The transaction goes on, and holds nothing of the one who came late.
        assert counts(slow) == [1, 1, 1]


def test_x22_of_many_at_once_one_has_the_email(sessions, noon) -> None:
    together = Barrier(8)

    def try_it(number: int) -> dict[str, list[str]]:
        email = EMAIL if number % 2 else EMAIL.upper()
        together.wait()
        try:
            with sessions.begin() as session:
                register_user(session, Registration(email, DORA.hashed_password), now=noon)
        except Invalid as invalid:
            return invalid.fields
        return {}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_it, range(8)))
    assert sorted(answers, key=bool) == [{}] + [TAKEN] * 7
    with sessions() as session:
        assert counts(session) == [1, 1, 1]


@pytest.mark.parametrize("email", ["", " ", "\t\n", "\N{NO-BREAK SPACE}"])
def test_a_blank_email_is_told_just_that(errors_of, email: str) -> None:
    assert errors_of(prepare_registration, email, PASSWORD) == {"email": ["can't be blank"]}


@pytest.mark.parametrize(
    "email",
    [
        "no-at",
        "@example.com",
        "dora@",
        "dora@@example.com",
        "dora@a@b",
        "do ra@example.com",
        " dora@example.com",
        "dora@example.com ",
        "dora@example.com\n",
        "dora\0@example.com",
        "dora\N{NO-BREAK SPACE}@example.com",
        "dora\ud800@example.com",
        "dora@example.com,eve@example.com",
        "dora@example.com;eve",
    ],
)
def test_an_email_has_one_at_sign_and_no_spaces(errors_of, email: str) -> None:
    fields = errors_of(prepare_registration, email, PASSWORD)
    assert fields == {"email": ["must have the @ sign and no spaces"]}


def test_x25_an_email_has_at_most_160_characters(errors_of) -> None:
    longest = EMAIL.rjust(160, "a")
    assert prepare_registration(longest, PASSWORD).email == longest
    fields = errors_of(prepare_registration, "a" + longest, PASSWORD)
    assert fields == {"email": ["should be at most 160 character(s)"]}


def test_of_the_errors_of_an_email_the_last_rule_comes_first(errors_of) -> None:
    assert errors_of(prepare_registration, "a" * 200, PASSWORD) == {
        "email": ["should be at most 160 character(s)", "must have the @ sign and no spaces"]
    }


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", "can't be blank"),
        ("a" * 11, "should be at least 12 character(s)"),
        ("é" * 11, "should be at least 12 character(s)"),
        ("a" * 73, "should be at most 72 character(s)"),
        ("é" * 73, "should be at most 72 character(s)"),
        ("é" * 37, "should be at most 72 byte(s)"),
        ("\N{GRINNING FACE}" * 19, "should be at most 72 byte(s)"),
        ("twelve\0bytes", "must not hold a NUL character"),
    ],
)
def test_x25_a_bad_password_is_told_why(errors_of, password: str, message: str) -> None:
    assert errors_of(prepare_registration, EMAIL, password) == {"password": [message]}


@pytest.mark.parametrize("password", [" " * 12, "\t" * 12, "\N{NO-BREAK SPACE}" * 12, "\n \t" * 5])
def test_x18_a_password_of_spaces_is_blank(errors_of, password: str) -> None:
    assert errors_of(prepare_registration, EMAIL, password) == {"password": ["can't be blank"]}


@pytest.mark.parametrize(
    "password", ["a" * 11 + "b", "a" * 72, "é" * 36, "\N{GRINNING FACE}" * 18, "\ud800" * 12]
)
def test_x25_a_password_of_12_to_72_bytes_is_hashed_and_verified(password: str) -> None:
    prepared = prepare_registration(EMAIL, password)
    assert verify_password(prepared.hashed_password, password)
