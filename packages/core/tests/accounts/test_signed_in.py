"""Who asks: user, team and role by a session's token, in one statement; and whether that still holds."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, event, update

from emeter_core.accounts import (
    Membership,
    Role,
    Seat,
    UserDeletion,
    delete_session_token,
    delete_user,
    get_signed_in,
    list_sessions,
    live_seats,
    scope_of,
    team_itself,
)
from emeter_core.incidents import Incident, team_of_incident
from emeter_core.monitors import team_of_monitor
from emeter_core.scope import Scope

MINUTE = timedelta(minutes=1)
DAYS_60 = timedelta(days=60)


def test_a_token_leads_to_user_team_and_role(session, user, begin, noon) -> None:
    found = get_signed_in(session, begin(session, user), now=noon)
    assert found == (scope_of(session, user), False, False)
    assert found.scope.role is Role.OWNER


@pytest.mark.parametrize("token", [b"oops", b"", b"\0" * 32])
def test_any_other_token_leads_nowhere(session, user, begin, noon, token: bytes) -> None:
    begin(session, user)
    assert get_signed_in(session, token, now=noon) is None


def test_an_ended_session_leads_nowhere(session, user, begin, noon) -> None:
    token = begin(session, user)
    delete_session_token(session, token)
    assert get_signed_in(session, token, now=noon) is None


@pytest.mark.parametrize("late", [-MINUTE, timedelta(0), MINUTE])
def test_x24_a_session_lasts_60_days(session, user, begin, noon, late: timedelta) -> None:
    found = get_signed_in(session, begin(session, user), now=noon + DAYS_60 + late)
    assert (found is not None) is (late < timedelta(0))


def test_of_several_teams_it_is_the_oldest(session, user, alice, begin, noon) -> None:
    guest = Membership(
        team_id=alice.team.id, user_id=user.id, role=Role.VIEWER, inserted_at=noon + timedelta(days=1)
    )
    session.add(guest)
    session.flush()
    token = begin(session, user)
    found = get_signed_in(session, token, now=noon)
    assert found.scope == scope_of(session, user)
    guest.inserted_at = noon - timedelta(days=1)
    session.flush()
    found = get_signed_in(session, token, now=noon)
    assert (found.scope.team, found.scope.role) == (alice.team, Role.VIEWER)


@pytest.fixture
def questions(session, alice, add_monitor, noon) -> dict[str, Callable[[], object]]:
    """The questions for the team of what is Alice's, and of what is nobody's."""
    monitor = add_monitor()
    incident = Incident(
        team_id=alice.team.id, title="Shop", cause="dns", evidence={}, started_at=noon, confirmed_at=noon
    )
    session.add(incident)
    session.flush()
    return {
        "team": lambda: team_itself(alice.team.id),
        "monitor": lambda: team_of_monitor(monitor.public_id),
        "incident": lambda: team_of_incident(incident.public_id),
        "no team": lambda: team_itself(uuid.uuid4()),
        "no monitor": lambda: team_of_monitor(uuid.uuid4()),
        "no incident": lambda: team_of_incident(uuid.uuid4()),
    }


def test_the_team_is_that_of_what_is_asked_for_with_the_role_there(
    session, alice, charlie, begin, questions, noon, engine
) -> None:
    join(session, charlie, alice, Role.EDITOR, now=noon + timedelta(days=1))
    token = begin(session, charlie.user)
    for name, question in questions.items():
        asked = question()
        with counting(engine) as statements:
            found = get_signed_in(session, token, now=noon, team_of=asked)
        assert len(statements) == 1
        if name.startswith("no "):
            assert found == (charlie, True, False), name
        else:
            assert (found.scope.team, found.scope.role) == (alice.team, Role.EDITOR), name
            assert not found.is_stranger


def test_whoever_is_no_member_is_a_stranger_as_to_what_does_not_exist(
    session, alice, charlie, begin, questions, noon
) -> None:
    token = begin(session, charlie.user)
    for question in questions.values():
        assert get_signed_in(session, token, now=noon, team_of=question()) == (charlie, True, False)


def test_a_membership_that_ended_counts_at_once(session, alice, charlie, begin, questions, noon) -> None:
    join(session, charlie, alice, Role.ADMIN, now=noon)
    token = begin(session, charlie.user)
    session.execute(delete(Membership).where(Membership.team_id == alice.team.id))
    assert get_signed_in(session, token, now=noon, team_of=questions["monitor"]()).is_stranger


def test_a_seat_is_left_with_the_session_the_membership_the_role_and_the_user(
    session, alice, charlie, begin, vault, noon
) -> None:
    join(session, charlie, alice, Role.EDITOR, now=noon)
    seat = Seat(begin(session, charlie.user), alice.team.id, Role.EDITOR)
    at_home = Seat(seat.token, charlie.team.id, Role.OWNER)
    hers = Seat(begin(session, alice.user), alice.team.id, Role.OWNER)
    false_ones = [
        seat._replace(role=Role.OWNER),
        seat._replace(team_id=uuid.uuid4()),
        seat._replace(token=b"oops"),
    ]
    of_charlie = Membership.team_id == alice.team.id, Membership.user_id == charlie.user.id

    def taken() -> set[Seat]:
        return live_seats(session, [seat, at_home, hers, *false_ones], now=noon)

    assert taken() == {seat, at_home, hers}
    session.execute(update(Membership).where(*of_charlie).values(role=Role.VIEWER))
    assert taken() == {at_home, hers}
    session.execute(update(Membership).where(*of_charlie).values(role=Role.EDITOR))
    assert taken() == {seat, at_home, hers}
    session.execute(delete(Membership).where(*of_charlie))
    assert taken() == {at_home, hers}
    delete_session_token(session, hers.token)
    assert taken() == {at_home}
    deletion = UserDeletion(charlie.user.id, charlie.user.hashed_password)
    delete_user(session, deletion, vault=vault, now=noon)
    assert taken() == set()


def test_x24_a_seat_lasts_as_long_as_its_session(session, alice, begin, noon, engine) -> None:
    seat = Seat(begin(session, alice.user), alice.team.id, Role.OWNER)
    assert live_seats(session, [seat], now=noon + DAYS_60 - MINUTE) == {seat}
    assert live_seats(session, [seat], now=noon + DAYS_60) == set()
    with counting(engine) as statements:
        assert live_seats(session, [], now=noon) == set()
    assert not statements


def test_a_user_without_a_team_has_no_scope(session, user, begin, noon) -> None:
    token = begin(session, user)
    session.execute(delete(Membership))
    assert get_signed_in(session, token, now=noon) is None


def test_it_asks_once_holds_nothing_and_says_when_it_is_time_to_note_it(
    session, user, begin, noon, engine
) -> None:
    token = begin(session, user)
    said = {}
    for age in (timedelta(0), MINUTE - timedelta(seconds=1), MINUTE):
        with counting(engine) as statements:
            said[age] = get_signed_in(session, token, now=noon + age).is_unnoticed
        assert len(statements) == 1
    assert list(said.values()) == [False, False, True]
    (shown,) = list_sessions(session, user, now=noon)
    assert shown.seen_at == noon


def join(session, who: Scope, host: Scope, role: Role, *, now) -> None:
    session.add(Membership(team_id=host.team.id, user_id=who.user.id, role=role, inserted_at=now))
    session.flush()


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    asked: list[str] = []

    def note(_connection, _cursor, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)
