"""Who asks: user, team and role by a session's token, in one statement."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, event

from emeter_core.accounts import (
    Membership,
    Role,
    delete_session_token,
    get_scope_by_session_token,
    list_sessions,
    scope_of,
)

MINUTE = timedelta(minutes=1)
DAYS_60 = timedelta(days=60)


def test_a_token_leads_to_user_team_and_role(session, user, begin, noon) -> None:
    found = get_scope_by_session_token(session, begin(session, user), now=noon)
    assert found == scope_of(session, user)
    assert found.role is Role.OWNER


@pytest.mark.parametrize("token", [b"oops", b"", b"\0" * 32])
def test_any_other_token_leads_nowhere(session, user, begin, noon, token: bytes) -> None:
    begin(session, user)
    assert get_scope_by_session_token(session, token, now=noon) is None


def test_an_ended_session_leads_nowhere(session, user, begin, noon) -> None:
    token = begin(session, user)
    delete_session_token(session, token)
    assert get_scope_by_session_token(session, token, now=noon) is None


@pytest.mark.parametrize("late", [-MINUTE, timedelta(0), MINUTE])
def test_x24_a_session_lasts_60_days(session, user, begin, noon, late: timedelta) -> None:
    found = get_scope_by_session_token(session, begin(session, user), now=noon + DAYS_60 + late)
    assert (found is not None) is (late < timedelta(0))


def test_of_several_teams_it_is_the_oldest(session, user, alice, begin, noon) -> None:
    guest = Membership(
        team_id=alice.team.id, user_id=user.id, role=Role.VIEWER, inserted_at=noon + timedelta(days=1)
    )
    session.add(guest)
    session.flush()
    token = begin(session, user)
    found = get_scope_by_session_token(session, token, now=noon)
    assert found == scope_of(session, user)
    guest.inserted_at = noon - timedelta(days=1)
    session.flush()
    found = get_scope_by_session_token(session, token, now=noon)
    assert (found.team, found.role) == (alice.team, Role.VIEWER)


def test_a_user_without_a_team_has_no_scope(session, user, begin, noon) -> None:
    token = begin(session, user)
    session.execute(delete(Membership))
    assert get_scope_by_session_token(session, token, now=noon) is None


def test_it_notes_that_the_session_was_seen_and_asks_once(session, user, begin, noon, engine) -> None:
    token = begin(session, user)
    assert [
        statements(engine, lambda: get_scope_by_session_token(session, token, now=noon + age))  # noqa: B023
        for age in (timedelta(0), MINUTE - timedelta(seconds=1), MINUTE)
    ] == [1, 1, 2]
    (shown,) = list_sessions(session, user, now=noon)
    assert shown.seen_at == noon + MINUTE


def statements(engine: Engine, call: Callable[[], object]) -> int:
    """How many statements the call costs."""
    asked: list[object] = []

    def note(*executed: object) -> None:
        asked.append(executed)

    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    return len(asked)
