"""What open pages are told: which monitors have a new check, and whether more than that has changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from emeter_core.analytics import LiveRow, live_states
from emeter_core.incidents import acknowledge, get_incident, list_incidents
from emeter_core.monitors import (
    Status,
    check_monitor_now,
    delete_monitor,
    draft_monitor,
    pause_monitor,
    resume_monitor,
    update_monitor,
)
from emeter_core.outcome import Phases, Reason
from emeter_core.testing.filling import fill

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def revision(session, alice) -> Callable[[], str]:
    def read() -> str:
        session.flush()
        team_id = alice.team.id
        return live_states(session, [team_id], since=None)[team_id].revision

    return read


def rows_of(session, scope, since) -> list[LiveRow]:
    return live_states(session, [scope.team.id], since=since)[scope.team.id].rows


def test_a_monitor_with_a_new_check_is_told(session, alice, add_monitor, checked, change, noon) -> None:
    monitor, other = add_monitor(), add_monitor()
    change(monitor, "degraded", noon)
    checked(monitor, noon, phases=Phases(0, 0, 0, 1234, 0))
    checked(other, noon - MINUTE)
    assert rows_of(session, alice, noon) == [LiveRow(str(monitor.public_id), Status.DEGRADED, 1234, noon)]
    assert rows_of(session, alice, noon + 10 * SECOND) == []


def test_a_check_that_failed_is_told_without_its_time(session, alice, add_monitor, checked, noon) -> None:
    checked(add_monitor(), noon, reason=Reason.TIMEOUT)
    assert [row.total_us for row in rows_of(session, alice, noon)] == [None]


def test_a_check_that_took_long_is_told_when_it_has_ended(session, alice, add_monitor, checked, noon) -> None:
    checked(add_monitor(), noon, phases=Phases(0, 0, 0, 30_000_000, 0))
    assert len(rows_of(session, alice, noon + 30 * SECOND)) == 1


def test_the_first_look_has_no_rows(session, alice, add_monitor, checked, noon) -> None:
    checked(add_monitor(), noon)
    assert rows_of(session, alice, None) == []


def test_teams_are_told_of_their_own(session, alice, charlie, add_monitor, checked, noon) -> None:
    checked(add_monitor(), noon)
    teams = [alice.team.id, charlie.team.id]
    found = live_states(session, teams, since=noon)
    assert [len(found[team_id].rows) for team_id in teams] == [1, 0]
    assert found[alice.team.id].revision != found[charlie.team.id].revision


def test_a_look_alone_changes_no_revision(add_monitor, revision) -> None:
    add_monitor()
    assert revision() == revision()


def test_a_check_that_changes_nothing_leaves_the_revision(
    session, alice, add_monitor, checked, revision, noon
) -> None:
    monitor = add_monitor()
    before = revision()
    checked(monitor, noon)
    check_monitor_now(session, alice, monitor, now=noon + MINUTE)
    assert revision() == before


def test_every_change_of_a_monitor_is_a_new_revision(
    session, alice, add_monitor, vault, change, revision, noon
) -> None:
    seen = [revision()]
    monitor = add_monitor()
    seen.append(revision())
    change(monitor, "up", noon + SECOND)
    seen.append(revision())
    draft = draft_monitor(target="http://example.com/", name="Another")
    update_monitor(session, alice, monitor, draft, vault=vault, now=noon + 2 * SECOND)
    seen.append(revision())
    pause_monitor(session, alice, monitor, now=noon + 3 * SECOND)
    seen.append(revision())
    resume_monitor(session, alice, monitor, now=noon + 4 * SECOND)
    seen.append(revision())
    delete_monitor(session, alice, monitor, now=noon + 5 * SECOND)
    session.flush()
    assert len({*seen, revision()}) == len(seen)  # without monitors it is again what it was at first
    assert revision() == seen[0]


def test_every_change_of_an_incident_is_a_new_revision(session, alice, revision, noon) -> None:
    fill(session, alice, now=noon, monitors=5, hours=0.1, days=1, blips=0, flaps=0)
    row = list_incidents(session, alice, state="open").rows[0]
    incident = get_incident(session, alice, row.incident.public_id)
    seen = [revision()]
    assert acknowledge(session, alice, incident, now=noon)
    seen.append(revision())
    session.execute(text("UPDATE incidents SET resolved_at = :now WHERE id = :id"), _at(incident, noon))
    seen.append(revision())
    session.execute(
        text(
            "INSERT INTO incidents (public_id, team_id, title, cause, evidence, started_at, confirmed_at)"
            " SELECT gen_random_uuid(), team_id, title, cause, evidence, started_at, confirmed_at"
            " FROM incidents WHERE id = :id"
        ),
        {"id": incident.id},
    )
    seen.append(revision())
    assert len(set(seen)) == 4


def test_a_delivery_that_is_written_tried_or_sent_is_a_new_revision(session, alice, revision, noon) -> None:
    seen = [revision()]
    session.execute(
        text(
            "INSERT INTO deliveries"
            " (id, team_id, event, channel, recipient, state, next_attempt_at, inserted_at)"
            " VALUES (gen_random_uuid(), :team, 'incident.opened', 'mail', 'a@b.c', 'pending', :now, :now)"
        ),
        {"team": alice.team.id, "now": noon},
    )
    seen.append(revision())
    for assignment in ("attempts = 1", "state = 'sent'"):
        session.execute(text(f"UPDATE deliveries SET {assignment}"))
        seen.append(revision())
    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]


def _at(incident, now) -> dict[str, object]:
    return {"id": incident.id, "now": now}
