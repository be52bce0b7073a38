"""A filled team looks as if it had been checked."""

from datetime import timedelta

from sqlalchemy import text

from emeter_core.analytics import history, last_checks, latency, recent_latencies, status_changes
from emeter_core.health import look
from emeter_core.incidents import list_incidents
from emeter_core.monitors import Monitor, Status, get_monitor_row, list_monitors, overview
from emeter_core.testing.filling import DOWN, FAST, FLAPPING, fill

DAY = timedelta(days=1)


def test_a_filled_team_has_monitors_of_every_kind(session, alice, noon) -> None:
    fill(session, alice, now=noon, monitors=40, interval=600, hours=1, days=2, flaps=10)
    counts = overview(session, alice).counts
    trouble = {Status.DOWN: 3, Status.DEGRADED: 2, Status.NO_DATA: 1, Status.BLOCKED: 1}
    rest = {Status.PENDING: 2, Status.PAUSED: 2, Status.MAINTENANCE: 0, Status.UNREACHABLE: 0}
    assert counts == trouble | rest | {Status.UP: counts[Status.UP]}
    assert sum(counts.values()) == 40
    assert overview(session, alice).open_incidents >= 3


def test_what_is_shown_of_a_monitor_is_what_its_history_says(session, alice, noon) -> None:
    filled = fill(session, alice, now=noon, monitors=40, interval=600, hours=1, days=2, flaps=10)
    spans = history(session, alice, filled.monitor_ids, since=noon - DAY, now=noon)
    for row in list_monitors(session, alice, per_page=100).rows:
        newest = spans[row.monitor.id][-1]
        assert newest.status is row.status
        assert newest.since == max(row.since, noon - DAY)
        assert (row.incident is None) == (row.status is not Status.DOWN)


def test_the_places_hold_what_they_promise(session, alice, noon) -> None:
    filled = fill(session, alice, now=noon, monitors=20, interval=60, hours=1, days=2, flaps=30)
    fast, flapping, down = (session.get(Monitor, filled.at(place)) for place in (FAST, FLAPPING, DOWN))
    found = latency(session, alice, fast, since=noon - DAY, now=noon)
    assert sum(found.checks) == 3600 / 5
    assert len(status_changes(session, alice, flapping, now=noon, limit=100)) == 32
    assert get_monitor_row(session, alice, down.public_id).incident is not None
    newest = last_checks(session, alice, down, now=noon)[0]
    assert (newest.code, newest.evidence["body"]) == (503, "upstream connect error")
    assert len(recent_latencies(session, alice, filled.monitor_ids, now=noon)[fast.id]) == 32


def test_a_filled_installation_is_healthy(session, alice, noon) -> None:
    fill(session, alice, now=noon, monitors=20, interval=60, hours=1, days=2, flaps=2)
    found = look(session, now=noon)
    # The one without data is what is wrong.
    assert (found.workers, found.overdue, found.missed) == (1, 1, 0)
    assert found.lateness_p99_ms is not None


def test_incidents_are_those_of_the_history(session, alice, noon) -> None:
    fill(session, alice, now=noon, monitors=20, interval=600, hours=1, days=2, flaps=10)
    downs = session.scalar(text("SELECT count(*) FROM status_changes WHERE condition = 'down'"))
    assert list_incidents(session, alice).total == downs
