"""Accounts: who may register, with what, and in which teams they act."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    Membership,
    Registration,
    Role,
    Team,
    User,
    get_user_by_email,
    hash_password,
    list_users,
    password,
    prepare_registration,
    register_user,
    scope_of,
    verify_password,
)
from emeter_core.errors import Invalid, NotFound
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory

EMAIL = "dora@example.com"
PASSWORD = "hello world!"
DORA = Registration(EMAIL, "$2b$04$" + "x" * 53)
TAKEN = {"email": ["has already been taken"]}


def errors_of(email: str = EMAIL, password: str = PASSWORD) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        prepare_registration(email, password, rounds=4)
    return caught.value.fields


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(each)) or 0 for each in (User, Team, Membership)]


@pytest.fixture
def sessions(new_database) -> Iterator[SessionFactory]:
    """Sessions on a database of this test's own, which commit."""
    engine = make_engine(new_database(), name="tests", pool_size=8)
    yield make_session_factory(engine)
    engine.dispose()


def test_whoever_registers_owns_a_team(session, noon) -> None:
    user = register_user(session, DORA, now=noon)
    assert (user.email, user.confirmed_at, user.inserted_at) == (EMAIL, None, noon)
    scope = scope_of(session, user)
    assert (scope.user, scope.role) == (user, Role.OWNER)
    assert (scope.team.name, scope.team.time_zone) == ("dora's team", "UTC")
    assert counts(session) == [1, 1, 1]


def test_everybody_has_a_team_of_their_own(session, alice, charlie) -> None:
    assert alice.team.id != charlie.team.id


@pytest.mark.parametrize("email", [EMAIL, "DORA@example.com", "Dora@Example.COM"])
def test_an_email_that_is_taken_is_refused_in_any_case(session, noon, email: str) -> None:
    register_user(session, DORA, now=noon)
    with pytest.raises(Invalid) as caught:
        register_user(session, Registration(email, DORA.hashed_password), now=noon)
    assert caught.value.fields == TAKEN
    assert counts(session) == [1, 1, 1]


def test_the_case_that_was_typed_is_kept(session, noon) -> None:
    register_user(session, Registration("Dora@Example.com", DORA.hashed_password), now=noon)
    found = get_user_by_email(session, "dORA@eXAMPLE.com")
    assert found is not None
    session.refresh(found)
    assert found.email == "Dora@Example.com"


def test_whoever_is_faster_between_question_and_insert_has_the_email(sessions, noon) -> None:
    def be_faster(*_flush: object) -> None:
        with sessions.begin() as fast:
            register_user(fast, Registration("DORA@EXAMPLE.COM", DORA.hashed_password), now=noon)

    with sessions.begin() as slow:
        event.listen(slow, "before_flush", be_faster, once=True)
        with pytest.raises(Invalid) as caught:
            register_user(slow, DORA, now=noon)
        assert caught.value.fields == TAKEN
        # The transaction goes on, and holds nothing of the one who came late.
        assert counts(slow) == [1, 1, 1]


def test_of_many_at_once_one_has_the_email(sessions, noon) -> None:
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


def test_a_registration_holds_a_hash_and_no_password() -> None:
    prepared = prepare_registration(EMAIL, PASSWORD, rounds=4)
    assert prepared.email == EMAIL
    assert prepared.hashed_password.startswith("$2b$04$")
    assert PASSWORD not in repr(prepared)
    assert verify_password(prepared.hashed_password, PASSWORD)


def test_a_user_in_a_log_shows_neither_email_nor_hash(session, noon) -> None:
    user = register_user(session, DORA, now=noon)
    assert repr(user) == f"<User {user.id}>"


@pytest.mark.parametrize("email", ["", " ", "\t\n", "\N{NO-BREAK SPACE}"])
def test_a_blank_email_is_told_just_that(email: str) -> None:
    assert errors_of(email=email) == {"email": ["can't be blank"]}


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
def test_an_email_has_one_at_sign_and_no_spaces(email: str) -> None:
    assert errors_of(email=email) == {"email": ["must have the @ sign and no spaces"]}


def test_an_email_has_at_most_160_characters() -> None:
    longest = EMAIL.rjust(160, "a")
    assert prepare_registration(longest, PASSWORD, rounds=4).email == longest
    assert errors_of(email="a" + longest) == {"email": ["should be at most 160 character(s)"]}


def test_of_the_errors_of_an_email_the_last_rule_comes_first() -> None:
    assert errors_of(email="a" * 200) == {
        "email": ["should be at most 160 character(s)", "must have the @ sign and no spaces"]
    }


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", "can't be blank"),
        (" " * 12, "can't be blank"),
        ("a" * 11, "should be at least 12 character(s)"),
        ("é" * 11, "should be at least 12 character(s)"),
        ("a" * 73, "should be at most 72 character(s)"),
        ("é" * 73, "should be at most 72 character(s)"),
        ("é" * 37, "should be at most 72 byte(s)"),
        ("\N{GRINNING FACE}" * 19, "should be at most 72 byte(s)"),
        ("twelve\0bytes", "must not hold a NUL character"),
    ],
)
def test_a_bad_password_is_told_why(password: str, message: str) -> None:
    assert errors_of(password=password) == {"password": [message]}


@pytest.mark.parametrize("password", ["a" * 12, "a" * 72, "é" * 36, "\N{GRINNING FACE}" * 18, "\ud800" * 12])
def test_a_password_of_12_to_72_bytes_is_hashed_and_verified(password: str) -> None:
    prepared = prepare_registration(EMAIL, password, rounds=4)
    assert verify_password(prepared.hashed_password, password)


def test_what_is_wrong_with_email_and_password_is_told_together() -> None:
    assert set(errors_of(email="", password="")) == {"email", "password"}


# Every byte of a password counts, and nothing that bcrypt would ignore is ever the right one.
@pytest.mark.parametrize(
    "given",
    [
        "",
        "A" * 72,
        "a" * 71,
        "a" * 73,
        "a" * 72 + "\0",
        "a" * 100_000,
        "a" * 71 + "\0",
        "\0",
        "\ud800",
        "é" * 72,
    ],
)
def test_any_other_password_is_wrong(given: str) -> None:
    assert not verify_password(hash_password("a" * 72, rounds=4), given)


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_at_log_in_is_right_or_wrong(given: str) -> None:
    assert verify_password(HASHED, given) is (given == PASSWORD)


HASHED = hash_password(PASSWORD, rounds=4)


@pytest.mark.parametrize("given", [PASSWORD, "wrong", "", "a" * 73, "\0"])
def test_every_password_costs_one_hash(monkeypatch, given: str) -> None:
    asked: list[bytes] = []
    monkeypatch.setattr(password.bcrypt, "checkpw", lambda _given, hashed: bool(asked.append(hashed)))
    assert not verify_password(HASHED, given)
    assert asked == [HASHED.encode()]


@pytest.mark.parametrize("email", ["", "nobody@example.com", "\0", "\ud800", "' OR 1=1 --", "%"])
def test_an_email_of_nobody_finds_nobody(session, alice, email: str) -> None:
    assert get_user_by_email(session, email) is None


def test_users_are_listed_oldest_first_up_to_a_limit(session, alice, charlie, noon) -> None:
    register_user(session, DORA, now=noon - timedelta(days=1))
    assert [user.email for user in list_users(session, limit=1)] == [EMAIL]
    assert len(list_users(session)) == 2
    assert len(list_users(session, limit=9)) == 3


def test_a_user_acts_in_the_team_that_is_named(session, alice, charlie, noon) -> None:
    guest = Membership(
        team_id=alice.team.id,
        user_id=charlie.user.id,
        role=Role.VIEWER,
        inserted_at=noon + timedelta(days=1),
    )
    session.add(guest)
    session.flush()
    for team_id in (alice.team.id, str(alice.team.id)):
        scope = scope_of(session, charlie.user, team_id)
        assert (scope.team, scope.role) == (alice.team, Role.VIEWER)
    # Without a name it is the oldest.
    assert scope_of(session, charlie.user) == charlie


def test_charlie_does_not_act_in_the_team_of_alice(session, alice, charlie) -> None:
    with pytest.raises(NotFound):
        scope_of(session, charlie.user, alice.team.id)


@pytest.mark.parametrize("team_id", ["", "7", "\0", "\ud800", "x" * 36, str(uuid.UUID(int=0))])
def test_a_team_that_is_none_is_not_found(session, alice, team_id: str) -> None:
    with pytest.raises(NotFound):
        scope_of(session, alice.user, team_id)


def test_a_user_without_a_team_has_no_scope(session, noon) -> None:
    user = User(email=EMAIL, hashed_password=HASHED, inserted_at=noon, updated_at=noon)
    session.add(user)
    session.flush()
    with pytest.raises(NotFound):
        scope_of(session, user)
