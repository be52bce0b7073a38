"""An account deleted while something else happens to it, or in its teams, on another connection."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from emeter_core import trials
from emeter_core.accounts import (
    Membership,
    Role,
    Team,
    User,
    UserDeletion,
    UserToken,
    change_user_password,
    delete_session_token,
    delete_user,
    get_signed_in,
    prepare_password_change,
    scope_of,
    update_user_password,
    valid_password,
)
from emeter_core.accounts.locks import hold_user
from emeter_core.errors import Invalid, NotFound
from emeter_core.incidents import Incident, StatusChange, acknowledge
from emeter_core.monitors import Monitor, create_monitor, draft_monitor, pause_monitor
from emeter_core.outcome import Condition, Reason
from emeter_core.scope import Scope
from emeter_core.trials import Trial
from emeter_core.vault import Vault
from emeter_storage.engine import SessionFactory

PASSWORD, NEW = "hello world!", "new valid password"


@pytest.fixture
def dora(sessions: SessionFactory, new_user: Callable[..., User]) -> Scope:
    """Dora, whom everybody can see, in her team."""
    with sessions.begin() as session:
        return scope_of(session, new_user(session))


@pytest.fixture
def eve(sessions: SessionFactory, new_user: Callable[..., User]) -> Scope:
    """Eve, in hers."""
    with sessions.begin() as session:
        return scope_of(session, new_user(session, "eve@example.com"))


@pytest.fixture
def monitor(sessions: SessionFactory, dora: Scope, vault: Vault, noon: datetime) -> Monitor:
    """A monitor of Dora's team."""
    with sessions.begin() as session:
        draft = draft_monitor(target="http://example.com/", interval=60)
        return create_monitor(session, dora, draft, vault=vault, now=noon)


def wish(scope: Scope) -> UserDeletion:
    return UserDeletion(scope.user.id, scope.user.hashed_password)


def member(team: Team, user: User, now: datetime, role: Role) -> Membership:
    return Membership(team_id=team.id, user_id=user.id, role=role, inserted_at=now)


def count(sessions: SessionFactory, model: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_whoever_logs_in_while_the_account_is_deleted_stays_outside(
    sessions, dora, meanwhile, begin, vault, noon
) -> None:
    assert valid_password(dora.user, PASSWORD)
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        log_in = meanwhile(begin, dora.user)
    with pytest.raises(NotFound):
        log_in.result(10)
    assert count(sessions, UserToken) == 0


def test_whoever_logged_in_just_before_is_logged_out(sessions, dora, meanwhile, begin, vault, noon) -> None:
    with sessions.begin() as session:
        begin(session, dora.user)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    deleted.result(10)
    assert count(sessions, UserToken) == count(sessions, User) == 0


def test_a_password_that_is_changed_at_once_keeps_the_account(sessions, dora, meanwhile, vault, noon) -> None:
    changes = change_user_password(dora.user, {"password": NEW})
    change = prepare_password_change(dora.user, PASSWORD, changes)
    with sessions.begin() as session:
        update_user_password(session, change, now=noon)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    with pytest.raises(Invalid):
        deleted.result(10)
    assert count(sessions, User) == 1


def test_of_two_owners_who_go_at_once_one_stays(sessions, dora, eve, meanwhile, vault, noon) -> None:
    with sessions.begin() as session:
        session.add(member(dora.team, eve.user, noon, Role.OWNER))
        session.add(member(eve.team, dora.user, noon, Role.OWNER))
    with sessions.begin() as session:
        session.add(member(dora.team, nobody(session, noon), noon, Role.VIEWER))
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        second = meanwhile(delete_user, wish(eve), vault=vault, now=noon)
    with pytest.raises(Invalid, match="dora's team would be without an owner"):
        second.result(10)
    assert (count(sessions, User), count(sessions, Team)) == (2, 2)


def nobody(session, now: datetime) -> User:
    """A user without a team of their own."""
    user = User(email="nobody@example.com", hashed_password="x", inserted_at=now, updated_at=now)
    session.add(user)
    session.flush()
    return user


def test_nobody_joins_a_team_that_goes(sessions, dora, eve, meanwhile, vault, noon) -> None:
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        joined = meanwhile(lambda late: add(late, member(dora.team, eve.user, noon, Role.VIEWER)))
    with pytest.raises(Exception, match="memberships_team_id_fkey"):
        joined.result(10)
    assert count(sessions, Membership) == count(sessions, Team) == 1


def test_who_joined_just_before_keeps_the_team_and_its_owner(
    sessions, dora, eve, meanwhile, vault, noon
) -> None:
    with sessions.begin() as session:
        add(session, member(dora.team, eve.user, noon, Role.VIEWER))
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    with pytest.raises(Invalid, match="without an owner"):
        deleted.result(10)
    assert (count(sessions, User), count(sessions, Team)) == (2, 2)


def add(session, row: object) -> None:
    session.add(row)
    session.flush()


def test_a_result_that_is_being_recorded_does_not_deadlock_with_it(
    sessions, dora, monitor, meanwhile, vault, noon
) -> None:
    """The recorder holds the probes, then writes into the team."""
    with sessions.begin() as recorder:
        recorder.execute(text("SELECT FROM probes FOR NO KEY UPDATE"))
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
        recorder.execute(text("UPDATE monitors SET condition = 'up'"))
        add(
            recorder,
            StatusChange(
                team_id=dora.team.id,
                monitor_id=monitor.id,
                effective_at=noon,
                recorded_at=noon,
                reason=Reason.OK,
                condition=Condition.UP,
                paused=False,
            ),
        )
    deleted.result(10)
    assert count(sessions, StatusChange) == count(sessions, Monitor) == 0


def test_a_request_of_the_same_person_does_not_deadlock_with_it(
    sessions, dora, monitor, meanwhile, begin, vault, noon
) -> None:
    """It knows who asks by a session that was not seen for long, and pauses a monitor."""
    with sessions.begin() as session:
        token = begin(session, dora.user)
    with sessions.begin() as request:
        assert get_signed_in(request, token, now=noon.replace(hour=13)).is_unnoticed
        pause_monitor(request, dora, monitor, now=noon)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    deleted.result(10)
    assert count(sessions, Monitor) == count(sessions, UserToken) == 0


def test_whoever_logs_out_meanwhile_is_waited_for(sessions, dora, meanwhile, begin, vault, noon) -> None:
    with sessions.begin() as session:
        token = begin(session, dora.user)
    with sessions.begin() as session:
        delete_session_token(session, token)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    deleted.result(10)
    assert count(sessions, User) == 0


def test_who_goes_acknowledges_nothing_more_in_a_team_that_stays(
    sessions, dora, eve, meanwhile, vault, noon
) -> None:
    with sessions.begin() as session:
        session.add(member(eve.team, dora.user, noon, Role.EDITOR))
        incident = begun(session, eve, noon)
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        taken = meanwhile(acknowledge, replace(dora, team=eve.team), incident, now=noon)
    with pytest.raises(NotFound):
        taken.result(10)
    with sessions() as session:
        assert session.get_one(Incident, incident.id).acknowledged_at is None


def test_who_goes_acknowledges_nothing_more_in_a_team_that_goes_too(
    sessions, dora, meanwhile, vault, noon
) -> None:
    with sessions.begin() as session:
        incident = begun(session, dora, noon)
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        taken = meanwhile(acknowledge, dora, incident, now=noon)
    with pytest.raises(NotFound):
        taken.result(10)


@pytest.mark.parametrize("act", ["acknowledge", "try"])
def test_what_somebody_does_just_before_they_go_does_not_deadlock_with_it(
    sessions, dora, meanwhile, vault, noon, act: str
) -> None:
    """Both want the user first: one to refer to them, the other to delete them; then what it is about."""
    with sessions.begin() as session:
        incident = begun(session, dora, noon)
    with sessions.begin() as request:
        hold_user(request, dora.user)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
        if act == "try":
            trials.ask(request, dora, trials.TrialKind.CHECK, {}, vault=vault, now=noon)
        else:
            assert acknowledge(request, dora, request.merge(incident), now=noon)
    deleted.result(10)
    assert count(sessions, User) == count(sessions, Incident) == count(sessions, Trial) == 0


def test_who_goes_tries_nothing_more(sessions, dora, meanwhile, vault, noon) -> None:
    with sessions.begin() as session:
        delete_user(session, wish(dora), vault=vault, now=noon)
        asked = meanwhile(trials.ask, dora, trials.TrialKind.CHECK, {}, vault=vault, now=noon)
    with pytest.raises(NotFound):
        asked.result(10)


def begun(session, scope: Scope, now: datetime) -> Incident:
    incident = Incident(
        team_id=scope.team.id, title="Shop", cause="dns", evidence={}, started_at=now, confirmed_at=now
    )
    session.add(incident)
    session.flush()
    return incident


def test_a_monitor_that_is_made_at_once_goes_too_or_is_not_made(
    sessions, dora, monitor, meanwhile, vault, noon
) -> None:
    draft = draft_monitor(target="http://example.org/", interval=60)
    with sessions.begin() as session:
        create_monitor(session, dora, draft, vault=vault, now=noon)
        deleted = meanwhile(delete_user, wish(dora), vault=vault, now=noon)
    deleted.result(10)
    assert count(sessions, Monitor) == count(sessions, Team) == 0
