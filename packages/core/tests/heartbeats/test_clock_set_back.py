"""A clock that was ahead and was set back: what stops after that is found missing in its time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_core.checks.result import Result
from emeter_core.heartbeats import PingKind, find_missing, keep_watch, realign
from emeter_core.heartbeats.watch import was_watched, watches
from emeter_core.monitors import pause_monitor, resume_monitor
from emeter_core.monitors.heartbeat.beats import NEVER
from emeter_core.outcome import Reason

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def live(session: Session) -> Callable[[datetime, datetime], int]:
    """Let the web tell that it takes pings, and a scheduler look; returns how many runs were missed."""

    def run(since: datetime, until: datetime) -> int:
        found, now = 0, since
        while now <= until:
            keep_watch(session, now=now)
            found += find_missing(session, now=now)
            now += 2 * SECOND
        return found

    return run


@pytest.fixture
def ahead(ping, live, noon) -> None:
    """A heartbeat came as it should, then for 20 s while the clock was a day ahead."""
    ping(noon)
    live(noon, noon + MINUTE)
    ping(noon + DAY + MINUTE, PingKind.START)
    ping(noon + DAY + MINUTE)
    live(noon + DAY + MINUTE, noon + DAY + MINUTE + 20 * SECOND)


def missed(session: Session, probe, since: datetime) -> list[tuple[datetime, Reason]]:
    found = select(Result.slot, Result.reason).where(Result.probe_id == probe.id, Result.reason != 0)
    return [(slot, Reason(why)) for slot, why in session.execute(found.order_by(Result.slot)) if slot < since]


@pytest.mark.parametrize("pinged_after", [None, 40 * SECOND])
def test_a_job_that_stops_after_a_step_back_is_missing_in_its_time(
    session, add_heartbeat, request, ping, live, fresh, noon, pinged_after: timedelta | None
) -> None:
    monitor = add_heartbeat()
    request.getfixturevalue("ahead")
    back = last = noon + 2 * MINUTE
    live(back, back)
    assert realign(session, now=back) == 1
    if pinged_after:
        last = back + pinged_after
        live(back, last)
        ping(last)
    live(last, last + 12 * MINUTE)
    assert missed(session, fresh(monitor)[1], noon + DAY) == [
        (last + 6 * MINUTE, Reason.HEARTBEAT_MISSING),
        (last + 11 * MINUTE, Reason.HEARTBEAT_MISSING),
    ]


@pytest.mark.usefixtures("ahead")
def test_the_web_is_known_to_take_pings_after_a_step_back_before_anybody_realigns(
    session, live, noon
) -> None:
    back = noon + 5 * MINUTE
    live(back, back + 20 * MINUTE)
    until = back + 20 * MINUTE
    assert was_watched(watches(session, since=noon), until - 10 * MINUTE, until)


@pytest.fixture
def stretches(session: Session) -> Callable[[datetime], list[tuple[datetime, datetime]]]:
    return lambda since: [(each.since, each.until) for each in watches(session, since=since)]


def test_nobody_was_watched_in_a_time_to_come(session, watched, stretches, noon) -> None:
    watched((noon - DAY, noon + MINUTE), (noon + SECOND, noon + DAY), (noon - 2 * DAY, noon - DAY))
    realign(session, now=noon)
    assert stretches(noon - 3 * DAY) == [(noon - DAY, noon), (noon - 2 * DAY, noon - DAY)]


def test_a_run_that_began_ahead_is_too_long_in_its_time(
    session, add_heartbeat, ping, live, fresh, noon
) -> None:
    monitor = add_heartbeat(longest_run=120)
    ping(noon + DAY, PingKind.START)
    # Nothing was expected of it yet, and nothing is but the end of the run.
    assert realign(session, now=noon) == 1
    assert fresh(monitor)[1].next_slot == noon + 2 * MINUTE
    live(noon, noon + 3 * MINUTE)
    assert missed(session, fresh(monitor)[1], noon + DAY) == [(noon + 2 * MINUTE, Reason.RUN_TOO_LONG)]
    assert fresh(monitor)[1].next_slot == NEVER
    assert realign(session, now=noon + 3 * MINUTE) == 0


def test_a_heartbeat_that_was_paused_ahead_is_expected_in_its_time(
    session, alice, add_heartbeat, ping, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon + DAY)
    pause_monitor(session, alice, monitor, now=noon + DAY)
    assert realign(session, now=noon) == 1
    resume_monitor(session, alice, fresh(monitor)[0], now=noon + MINUTE)
    assert fresh(monitor)[1].next_slot == noon + 6 * MINUTE


def test_the_history_of_a_heartbeat_that_was_made_and_paused_ahead_is_brought_back(
    session, alice, add_heartbeat, fresh, noon
) -> None:
    monitor = add_heartbeat(now=noon + DAY)
    pause_monitor(session, alice, monitor, now=noon + DAY)
    assert realign(session, now=noon) == 1
    found, probe = fresh(monitor)
    assert (found.inserted_at, found.updated_at, found.paused_at, found.condition_since) == (noon,) * 4
    assert probe.next_slot == NEVER
    assert session.scalar(text("SELECT max(effective_at) FROM status_changes")) == noon
    assert realign(session, now=noon) == 0


def test_what_is_shown_of_a_heartbeat_is_of_no_time_to_come(
    session, add_heartbeat, ping, view, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon + DAY)
    realign(session, now=noon)
    found, probe = fresh(monitor)
    shown = view(found, noon)
    assert (shown.last_ping_at, shown.due_at, probe.last_slot) == (noon, noon + 6 * MINUTE, noon)
    assert found.condition_since == noon
    assert session.scalar(text("SELECT max(effective_at) FROM status_changes")) == noon


def test_a_heartbeat_that_came_a_little_early_is_left_alone(
    session, add_heartbeat, ping, fresh, noon
) -> None:
    monitor = add_heartbeat(schedule="*/5 * * * *")
    ping(noon - 9 * SECOND)
    before = fresh(monitor)[1].next_slot
    assert before == noon + 6 * MINUTE
    assert realign(session, now=noon - 9 * SECOND) == 0
    assert fresh(monitor)[1].next_slot == before
