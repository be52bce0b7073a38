"""Incidents: what follows from transitions, in their order, for one team."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from emeter_core.incidents import (
    FirstFailure,
    Incident,
    IncidentMonitor,
    StatusChange,
    Transition,
    follow,
    resolve_for,
)
from emeter_core.monitors import Monitor
from emeter_core.outcome import Condition, Reason

MINUTE = timedelta(minutes=1)


@pytest.fixture
def failure(noon) -> Callable[..., Transition]:
    """That a monitor went down at `noon`, or at another moment."""

    def make(monitor: Monitor, **differently: Any) -> Transition:  # noqa: ANN401 - any field
        at = differently.pop("at", noon)
        failed = FirstFailure(at, Reason.CONNECTION_REFUSED, {"address": "192.0.2.1"})
        down = Transition(
            team_id=monitor.team_id,
            monitor_id=monitor.id,
            monitor_name=monitor.name,
            paused=False,
            reason=failed.reason,
            effective_at=at,
            after=Condition.DOWN,
            first_failure=failed,
        )
        return replace(down, **differently)

    return make


def recovery(down: Transition, after: timedelta) -> Transition:
    """That it was well again, `after` it went down."""
    at = down.effective_at + after
    return replace(
        down, reason=Reason.OK, effective_at=at, after=Condition.UP, first_failure=None, resolved_at=at
    )


def incidents_of(session: Session) -> Sequence[Incident]:
    return session.scalars(
        select(Incident).order_by(Incident.id).execution_options(populate_existing=True)
    ).all()


def members_of(session: Session) -> Sequence[IncidentMonitor]:
    found = select(IncidentMonitor).order_by(IncidentMonitor.incident_id, IncidentMonitor.monitor_id)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def conditions_of(session: Session, monitor: Monitor) -> list[str]:
    found = select(StatusChange.condition).where(StatusChange.monitor_id == monitor.id)
    return list(session.scalars(found.order_by(StatusChange.id)))


def test_a_monitor_that_goes_down_opens_an_incident(session, alice, add_monitor, failure, noon) -> None:
    monitor = add_monitor(name="Shop")
    follow(session, [failure(monitor)], now=noon + MINUTE)
    [incident] = incidents_of(session)
    assert (incident.team_id, incident.title) == (alice.team.id, "Shop")
    assert (incident.cause, incident.evidence) == ("connection_refused", {"address": "192.0.2.1"})
    assert (incident.started_at, incident.confirmed_at) == (noon, noon + MINUTE)
    assert (incident.acknowledged_at, incident.resolved_at) == (None, None)
    [member] = members_of(session)
    assert (member.incident_id, member.monitor_id, member.team_id) == (
        incident.id,
        monitor.id,
        alice.team.id,
    )
    assert (member.started_at, member.resolved_at) == (noon, None)


def test_a_transition_is_a_line_of_the_history(session, add_monitor, failure, noon) -> None:
    monitor = add_monitor()
    follow(session, [failure(monitor, paused=True)], now=noon + MINUTE)
    change = session.scalars(select(StatusChange).order_by(StatusChange.id.desc()).limit(1)).one()
    assert (change.monitor_id, change.team_id) == (monitor.id, monitor.team_id)
    assert (change.condition, change.paused) == ("down", True)
    assert (change.effective_at, change.recorded_at) == (noon, noon + MINUTE)
    assert change.reason == Reason.CONNECTION_REFUSED


def test_a_transition_without_another_condition_leaves_the_history_alone(
    session, add_monitor, failure, noon
) -> None:
    monitor = add_monitor()
    follow(session, [failure(monitor, after=None)], now=noon)
    assert conditions_of(session, monitor) == ["pending"]
    assert len(incidents_of(session)) == 1


def test_a_recovery_ends_the_incident(session, add_monitor, failure, noon) -> None:
    down = failure(add_monitor())
    follow(session, [down], now=noon)
    follow(session, [recovery(down, MINUTE)], now=noon + 2 * MINUTE)
    assert [each.resolved_at for each in incidents_of(session)] == [noon + MINUTE]
    assert [each.resolved_at for each in members_of(session)] == [noon + MINUTE]


def test_no_incident_ends_before_it_began(session, add_monitor, failure, noon) -> None:
    down = failure(add_monitor())
    follow(session, [down, recovery(down, -MINUTE)], now=noon)
    assert [each.resolved_at for each in incidents_of(session)] == [noon]


def test_several_transitions_of_one_monitor_follow_in_their_order(
    session, add_monitor, failure, noon
) -> None:
    monitor, other = add_monitor(), add_monitor(name="Other")
    first, second = failure(monitor), failure(monitor, at=noon + 5 * MINUTE)
    beside = failure(other, at=noon + 3 * MINUTE)
    # The other one's only transition stands between them, and is nothing to them.
    batch = [first, recovery(first, MINUTE), beside, second, recovery(second, MINUTE)]
    follow(session, batch, now=noon + 9 * MINUTE)
    assert conditions_of(session, monitor) == ["pending", "down", "up", "down", "up"]
    assert conditions_of(session, other) == ["pending", "down"]
    ends = {(member.monitor_id, member.started_at): member.resolved_at for member in members_of(session)}
    assert ends == {
        (monitor.id, noon): noon + MINUTE,
        (monitor.id, noon + 5 * MINUTE): noon + 6 * MINUTE,
        (other.id, noon + 3 * MINUTE): None,
    }
    assert sorted(str(each.resolved_at) for each in incidents_of(session)) == sorted(
        str(end) for end in ends.values()
    )


def test_what_ends_and_begins_again_at_once_is_two_incidents(session, add_monitor, failure, noon) -> None:
    first = failure(add_monitor())
    follow(session, [first], now=noon)
    again = replace(
        first, effective_at=noon + MINUTE, first_failure=FirstFailure(noon + MINUTE, Reason.TIMEOUT)
    )
    follow(session, [recovery(first, MINUTE), again], now=noon + MINUTE)
    assert [(each.cause, each.resolved_at) for each in incidents_of(session)] == [
        ("connection_refused", noon + MINUTE),
        ("timeout", None),
    ]


def test_each_monitor_of_a_storm_gets_the_incident_of_its_own(session, add_monitor, failure, noon) -> None:
    monitors = [add_monitor(name=f"Monitor {number}") for number in range(30)]
    storm = [failure(monitor, at=noon + index * MINUTE) for index, monitor in enumerate(monitors)]
    follow(session, storm, now=noon)
    started = {incident.id: incident for incident in incidents_of(session)}
    assert len(started) == 30
    for member in members_of(session):
        incident = started[member.incident_id]
        assert incident.title == next(each.name for each in monitors if each.id == member.monitor_id)
        assert incident.started_at == member.started_at


def test_a_storm_takes_no_more_statements_than_one_failure(
    session, connection, add_monitor, failure, noon
) -> None:
    monitors = [add_monitor() for _ in range(31)]
    statements: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        statements.append(statement)

    follow(session, [failure(monitors[0])], now=noon)
    for_one = len(statements)
    follow(session, [failure(monitor) for monitor in monitors[1:]], now=noon)
    assert len(statements) == 2 * for_one


def test_nothing_follows_from_nothing(session, noon) -> None:
    follow(session, [], now=noon)
    assert incidents_of(session) == []


def test_an_incident_about_two_monitors_ends_with_the_last_of_them(
    session, add_monitor, failure, noon
) -> None:
    monitor, other = add_monitor(), add_monitor()
    down = failure(monitor)
    follow(session, [down], now=noon)
    [incident] = incidents_of(session)
    session.add(
        IncidentMonitor(
            incident_id=incident.id, monitor_id=other.id, team_id=other.team_id, started_at=noon + MINUTE
        )
    )
    session.flush()
    follow(session, [recovery(down, 5 * MINUTE)], now=noon)
    assert [each.resolved_at for each in incidents_of(session)] == [None]
    resolve_for(session, [other.id], at=noon + 3 * MINUTE)
    assert [each.resolved_at for each in incidents_of(session)] == [noon + 5 * MINUTE]


def test_resolving_for_monitors_leaves_the_others_and_what_is_over(
    session, add_monitor, failure, noon
) -> None:
    over, deleted, other = add_monitor(), add_monitor(), add_monitor()
    down = failure(over)
    follow(session, [down, recovery(down, MINUTE), failure(deleted), failure(other)], now=noon)
    resolve_for(session, [over.id, deleted.id], at=noon + 9 * MINUTE)
    ends = {member.monitor_id: member.resolved_at for member in members_of(session)}
    assert ends == {over.id: noon + MINUTE, deleted.id: noon + 9 * MINUTE, other.id: None}
    assert {each.resolved_at for each in incidents_of(session)} == set(ends.values())


def test_resolving_for_nobody_changes_nothing(session, add_monitor, failure, noon) -> None:
    follow(session, [failure(add_monitor())], now=noon)
    resolve_for(session, [], at=noon)
    assert [each.resolved_at for each in incidents_of(session)] == [None]
