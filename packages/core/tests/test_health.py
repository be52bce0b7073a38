"""Our own health: who runs, what is overdue, what was missed, how late checks are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from emeter_core import processes
from emeter_core.checks import Gap
from emeter_core.health import look
from emeter_core.monitors import draft_monitor, pause_monitor, resume_monitor, update_monitor
from emeter_core.processes import Histogram

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def checked_at(session) -> Callable[..., None]:
    def write(monitor, slot) -> None:
        session.flush()
        session.execute(
            text("UPDATE probes SET last_slot = :slot WHERE monitor_id = :id"),
            {"slot": slot, "id": monitor.id},
        )

    return write


def test_where_nothing_runs_nothing_is_seen(session, noon) -> None:
    found = look(session, now=noon)
    assert (found.scheduler_seen_at, found.sender_seen_at, found.workers) == (None, None, 0)
    assert (found.overdue, found.missed, found.lateness_p99_ms) == (0, 0, None)


def test_processes_tell_when_they_were_last_seen(session, noon) -> None:
    for name, age in (("scheduler", 9), ("scheduler", 3), ("sender", 7), ("worker", 30), ("worker", 31)):
        processes.enlist(session, name, location_id=None, now=noon - age * SECOND)
    found = look(session, now=noon)
    assert (found.scheduler_seen_at, found.sender_seen_at) == (noon - 3 * SECOND, noon - 7 * SECOND)
    assert found.workers == 1


def test_whoever_was_seen_at_a_time_to_come_is_not_seen_now(session, noon) -> None:
    for name in ("scheduler", "sender", "worker"):
        process_id = processes.enlist(session, name, location_id=None, now=noon + 11 * SECOND)
        processes.report(session, process_id, {"network": "away"}, now=noon + 11 * SECOND)
    found = look(session, now=noon)
    assert (found.scheduler_seen_at, found.sender_seen_at) == (None, None)
    assert (found.workers, found.offline) == (0, 0)
    # The clocks of processes differ by a little, and whoever asks has not heard the newest.
    found = look(session, now=noon + SECOND)
    assert (found.scheduler_seen_at, found.sender_seen_at) == (noon + 11 * SECOND, noon + 11 * SECOND)
    assert (found.workers, found.offline) == (1, 1)


def test_lateness_is_that_of_all_workers_together(session, noon) -> None:
    for late_us in (1000, 90_000):
        histogram = Histogram()
        for _ in range(60):
            histogram.add(late_us)
        process_id = processes.enlist(session, "worker", location_id=None, now=noon)
        processes.report(session, process_id, {"lateness": histogram.as_json()}, now=noon)
    processes.enlist(session, "worker", location_id=None, now=noon)  # has not checked anything yet
    found = look(session, now=noon)
    assert found.workers == 3
    assert found.lateness_p99_ms == pytest.approx(90, rel=0.1)


def test_a_worker_whose_network_is_away_is_counted_while_it_is_seen(session, noon) -> None:
    for words, seen_at in (("the link eth0 is down", noon), ("", noon), ("no route", noon - 31 * SECOND)):
        process_id = processes.enlist(session, "worker", location_id=None, now=seen_at)
        processes.report(session, process_id, {"network": words}, now=seen_at)
    processes.enlist(session, "worker", location_id=None, now=noon)
    assert look(session, now=noon).offline == 1


def test_a_check_is_overdue_an_interval_a_timeout_and_ten_seconds_after_it_was_due(
    session, add_monitor, checked_at, noon
) -> None:
    checked_at(add_monitor(interval=60, timeout=10), noon)
    limit = noon + (60 + 60 + 10 + 10) * SECOND
    assert look(session, now=limit).overdue == 0
    assert look(session, now=limit + SECOND).overdue == 1


def test_a_monitor_that_was_never_checked_is_overdue_from_when_it_was_made(
    session, add_monitor, noon
) -> None:
    add_monitor(interval=60, timeout=10)
    assert look(session, now=noon + 80 * SECOND).overdue == 0
    assert look(session, now=noon + 81 * SECOND).overdue == 1


def test_an_edit_and_a_resume_start_the_wait_anew(
    session, alice, add_monitor, checked_at, vault, noon
) -> None:
    edited, resumed = add_monitor(interval=3600), add_monitor(interval=60)
    for monitor in (edited, resumed):
        checked_at(monitor, noon)
    later = noon + 30 * MINUTE
    draft = draft_monitor(target="http://example.com/", interval=5, timeout=5)
    update_monitor(session, alice, edited, draft, vault=vault, now=later)
    pause_monitor(session, alice, resumed, now=later - MINUTE)
    resume_monitor(session, alice, resumed, now=later)
    session.flush()
    assert look(session, now=later + 20 * SECOND).overdue == 0
    assert look(session, now=later + 21 * SECOND).overdue == 1
    assert look(session, now=later + 81 * SECOND).overdue == 2


def test_a_paused_monitor_is_not_overdue(session, alice, add_monitor, checked_at, noon) -> None:
    monitor = add_monitor()
    checked_at(monitor, noon)
    pause_monitor(session, alice, monitor, now=noon + MINUTE)
    assert look(session, now=noon + timedelta(days=1)).overdue == 0


def test_slots_missed_within_the_hour_are_counted_but_not_those_that_people_dropped(
    session, add_monitor, noon
) -> None:
    add_monitor()
    probe_id = session.scalar(text("SELECT id FROM probes"))
    for reason, minutes, count in (("missed", 5, 3), ("lost", 59, 4), ("missed", 61, 8), ("dropped", 5, 16)):
        last = noon - minutes * MINUTE
        gap = {"probe_id": probe_id, "first_slot": last, "last_slot": last, "count": count, "reason": reason}
        session.execute(insert(Gap).values(gap | {"first_slot": last - count * SECOND}))
    assert look(session, now=noon).missed == 7
