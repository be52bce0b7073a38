"""Users: found, listed, and in which teams they act."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from emeter_core.accounts import (
    Membership,
    Role,
    Team,
    User,
    ensure_team,
    get_user,
    get_user_by_email,
    list_users,
    scope_of,
)
from emeter_core.alerts import list_channels
from emeter_core.errors import NotFound

EMAIL = "dora@example.com"


def test_a01_an_unknown_email_finds_nobody(session, user) -> None:
    assert get_user_by_email(session, "unknown@example.com") is None


def test_a02_a_known_email_finds_its_user(session, user) -> None:
    found = get_user_by_email(session, EMAIL)
    assert found is not None
    assert found.id == user.id


@pytest.mark.parametrize("email", ["DORA@example.com", "dora@EXAMPLE.com"])
def test_an_email_is_found_in_any_case(session, user, email: str) -> None:
    assert get_user_by_email(session, email) is user


@pytest.mark.parametrize("email", ["", "nobody@example.com", "\0", "\ud800", "' OR 1=1 --", "%"])
def test_an_email_of_nobody_finds_nobody(session, user, email: str) -> None:
    assert get_user_by_email(session, email) is None


def test_a06_an_unknown_id_is_not_found(session, user) -> None:
    with pytest.raises(NotFound):
        get_user(session, "11111111-1111-1111-1111-111111111111")


@pytest.mark.parametrize("user_id", ["", "7", "\0", "\ud800", "x" * 36])
def test_a_malformed_id_is_not_found(session, user, user_id: str) -> None:
    with pytest.raises(NotFound):
        get_user(session, user_id)


def test_a07_an_id_finds_its_user(session, user) -> None:
    assert get_user(session, user.id) is user
    assert get_user(session, str(user.id)) is user


def test_users_are_listed_oldest_first_up_to_a_limit(session, alice, charlie, new_user, noon) -> None:
    new_user(session).inserted_at = noon - timedelta(days=1)
    assert [user.email for user in list_users(session, limit=1)] == [EMAIL]
    assert len(list_users(session)) == 2
    assert len(list_users(session, limit=9)) == 3


def test_a_user_acts_in_the_team_that_is_named(session, alice, charlie, noon) -> None:
    join(session, charlie.user, alice.team, noon + timedelta(days=1))
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
    user = User(email=EMAIL, hashed_password="x", inserted_at=noon, updated_at=noon)
    session.add(user)
    session.flush()
    with pytest.raises(NotFound):
        scope_of(session, user)


def join(session, user: User, team: Team, now) -> None:
    session.add(Membership(team_id=team.id, user_id=user.id, role=Role.VIEWER, inserted_at=now))
    session.flush()


def test_a_user_who_is_in_no_team_gets_one_of_their_own(session, user, noon) -> None:
    session.execute(delete(Membership))
    ensure_team(session, user, now=noon)
    scope = scope_of(session, user)
    assert (scope.team.name, scope.role) == ("dora's team", Role.OWNER)
    assert list_channels(session, scope)["mail"].target == EMAIL


def test_a_user_who_is_in_a_team_gets_no_other_one(session, alice, noon) -> None:
    ensure_team(session, alice.user, now=noon)
    assert session.scalars(select(Membership.team_id)).all() == [alice.team.id]


def test_of_two_log_ins_at_once_one_makes_the_team(sessions, new_user, meanwhile, noon) -> None:
    with sessions.begin() as session:
        user = new_user(session)
        session.execute(delete(Membership))
    with sessions.begin() as session:
        ensure_team(session, user, now=noon)
        second = meanwhile(ensure_team, user, now=noon)
    second.result(10)
    with sessions() as session:
        assert len(session.scalars(select(Membership.team_id)).all()) == 1


def test_who_was_deleted_meanwhile_gets_none(sessions, new_user, meanwhile, noon) -> None:
    with sessions.begin() as session:
        user = new_user(session)
        session.execute(delete(Membership))
    with sessions.begin() as session:
        session.execute(delete(User))
        late = meanwhile(ensure_team, user, now=noon)
    late.result(10)
    with sessions() as session:
        assert session.scalars(select(Membership.team_id)).all() == []
