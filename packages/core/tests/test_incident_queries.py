"""Incidents as people read them: listed, looked at, taken."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from emeter_core.errors import NotFound
from emeter_core.incidents import (
    FirstFailure,
    Incident,
    Transition,
    acknowledge,
    follow,
    get_incident,
    list_incidents,
    members,
)
from emeter_core.monitors import get_monitor_row, overview
from emeter_core.outcome import Condition, Reason

MINUTE = timedelta(minutes=1)


@pytest.fixture
def fail(session, noon) -> Callable[..., Incident]:
    """Let a monitor go down at `at`, and be well again `lasting` after that."""

    def run(monitor, at=noon, *, lasting: timedelta | None = None) -> Incident:
        failed = FirstFailure(at, Reason.CONNECTION_REFUSED, {"address": "192.0.2.1", "url": monitor.target})
        down = Transition(
            monitor.team_id,
            monitor.id,
            monitor.name,
            paused=False,
            reason=failed.reason,
            effective_at=at,
            after=Condition.DOWN,
            first_failure=failed,
        )
        turns = [down]
        if lasting is not None:
            end = at + lasting
            up = Transition(
                monitor.team_id,
                monitor.id,
                monitor.name,
                paused=False,
                reason=Reason.OK,
                effective_at=end,
                after=Condition.UP,
                resolved_at=end,
            )
            turns.append(up)
        follow(session, turns, now=at)
        return session.scalars(select(Incident).order_by(Incident.id.desc()).limit(1)).one()

    return run


def test_the_newest_incidents_come_first_page_by_page(session, alice, add_monitor, fail, noon) -> None:
    made = [fail(add_monitor(name=f"Shop {n}"), noon - n * MINUTE) for n in range(5)]
    pages = [list_incidents(session, alice, page=number, per_page=2) for number in (1, 2, 3, 4)]
    listed = [row.incident.public_id for page in pages for row in page.rows]
    assert listed == [each.public_id for each in made]
    assert {(page.total, page.per_page) for page in pages} == {(5, 2)}
    assert [len(page.rows) for page in pages] == [2, 2, 1, 0]


def test_open_and_closed_ones_are_told_apart(session, alice, add_monitor, fail) -> None:
    closed = fail(add_monitor(), lasting=MINUTE)
    still_open = fail(add_monitor())
    found = {
        state: [row.incident.public_id for row in list_incidents(session, alice, state=state).rows]
        for state in ("open", "closed", "all", "nonsense")
    }
    both = [still_open.public_id, closed.public_id]
    assert found == {"open": both[:1], "closed": both[1:], "all": both, "nonsense": both}
    assert overview(session, alice).open_incidents == 1


@pytest.mark.parametrize(("page", "per_page"), [(0, 50), (-1, -1), (10**30, 10**30)])
def test_pages_that_make_no_sense_are_cut_to_some_that_do(
    session, alice, add_monitor, fail, page: int, per_page: int
) -> None:
    fail(add_monitor())
    found = list_incidents(session, alice, page=page, per_page=per_page)
    assert found.total == 1
    assert 1 <= found.per_page <= 1000
    assert found.number >= 1


def test_an_incident_knows_its_monitors(session, alice, add_monitor, fail, noon) -> None:
    monitor = add_monitor()
    incident = fail(monitor, lasting=MINUTE)
    [member] = members(session, alice, incident)
    assert (member.monitor, member.started_at, member.resolved_at) == (monitor, noon, noon + MINUTE)


def test_a_monitor_knows_the_incident_it_is_in(session, alice, add_monitor, fail) -> None:
    well, wrong = add_monitor(), add_monitor()
    fail(well, lasting=MINUTE)
    incident = fail(wrong)
    assert get_monitor_row(session, alice, well.public_id).incident is None
    found = get_monitor_row(session, alice, wrong.public_id).incident
    assert found is not None
    assert (found.id, found.public_id) == (incident.id, incident.public_id)


def test_the_first_who_takes_an_incident_has_it(session, alice, add_monitor, fail, noon) -> None:
    incident = fail(add_monitor())
    assert acknowledge(session, alice, incident, now=noon + MINUTE)
    assert not acknowledge(session, alice, incident, now=noon + 2 * MINUTE)
    assert (incident.acknowledged_at, incident.acknowledged_by) == (noon + MINUTE, alice.user.id)


def test_a_list_names_who_has_taken_an_incident(session, alice, add_monitor, fail, noon) -> None:
    taken = fail(add_monitor(), noon + MINUTE)
    fail(add_monitor())
    acknowledge(session, alice, taken, now=noon + MINUTE)
    assert [row.taken_by for row in list_incidents(session, alice).rows] == [alice.user.email, ""]


def test_what_is_over_cannot_be_taken(session, alice, add_monitor, fail, noon) -> None:
    incident = fail(add_monitor(), lasting=MINUTE)
    assert not acknowledge(session, alice, incident, now=noon + 2 * MINUTE)
    assert incident.acknowledged_at is None


def test_a_stranger_finds_nothing_and_takes_nothing(session, alice, charlie, add_monitor, fail, noon) -> None:
    monitor = add_monitor()
    incident = fail(monitor)
    assert list_incidents(session, charlie).total == overview(session, charlie).open_incidents == 0
    assert members(session, charlie, incident) == []
    with pytest.raises(NotFound):
        get_incident(session, charlie, incident.public_id)
    assert not acknowledge(session, charlie, incident, now=noon)
    assert get_incident(session, alice, incident.public_id).acknowledged_at is None


@pytest.mark.parametrize("wanted", ["nonsense", "", "\0", uuid.UUID(int=1)])
def test_an_id_that_names_nothing_is_not_found(session, alice, wanted) -> None:
    with pytest.raises(NotFound):
        get_incident(session, alice, wanted)
