"""The sweep for silence: no data from the first slot that is missing, told once, and never down."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core import checks
from emeter_core.checks import Finished, sweep_silence
from emeter_core.incidents import Incident, StatusChange
from emeter_core.monitors import (
    Monitor,
    Probe,
    Status,
    draft_monitor,
    pause_monitor,
    resume_monitor,
    update_monitor,
)
from emeter_core.outcome import Outcome, Reason

TICK = timedelta(microseconds=1)


@pytest.fixture
def check(session: Session) -> Callable[..., None]:
    """Check what is due at `now`, with `reason` as its result."""

    def run(now: datetime, reason: Reason = Reason.OK) -> None:
        hint = checks.claim_due(
            session, location_id=1, after=now - timedelta(days=9), until=now, limit=99, now=now
        )
        taken = checks.take(session, hint, process_id=uuid.uuid4(), now=now)
        assert taken
        checks.record(session, [Finished(claim, Outcome(reason), now) for claim in taken], now=now)

    return run


def newest_change(session: Session) -> StatusChange:
    return session.scalars(select(StatusChange).order_by(StatusChange.id.desc()).limit(1)).one()


def count_changes(session: Session) -> int:
    return len(session.scalars(select(StatusChange.id)).all())


def fresh(session: Session, monitor: Monitor) -> tuple[Monitor, Probe]:
    found = select(Monitor, Probe).join(Probe, Probe.monitor_id == Monitor.id).where(Monitor.id == monitor.id)
    row = session.execute(found.execution_options(populate_existing=True)).one()
    return row[0], row[1]


# DESIGN 3: after the timeout and twice the interval, the latter being at least 30 s.
@pytest.mark.parametrize(
    ("interval", "timeout", "patience"),
    [
        (5, 5, 35),
        (10, 10, 40),
        (15, 10, 40),
        (16, 10, 42),
        (60, 10, 130),
        (60, 60, 180),
        (86_400, 1, 172_801),
    ],
)
def test_silence_is_no_data_after_timeout_and_twice_the_interval(
    session, add_monitor, check, noon, interval: int, timeout: int, patience: int
) -> None:
    monitor = add_monitor(interval=interval, timeout=timeout)
    check(noon)
    # The second slot, so that the wait for the new monitor is over long before.
    last_slot = fresh(session, monitor)[1].next_slot
    check(last_slot)
    limit = last_slot + timedelta(seconds=patience)
    assert sweep_silence(session, now=limit) == 0
    assert fresh(session, monitor)[0].status is Status.UP
    assert sweep_silence(session, now=limit + TICK) == 1
    assert fresh(session, monitor)[0].status is Status.NO_DATA


def test_no_data_counts_from_the_first_slot_that_is_missing(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(interval=60)
    check(noon)
    now = noon + timedelta(hours=3)
    sweep_silence(session, now=now)
    since = noon + timedelta(seconds=60)
    change = newest_change(session)
    assert (change.monitor_id, change.team_id) == (monitor.id, monitor.team_id)
    assert (change.effective_at, change.recorded_at) == (since, now)
    assert (change.condition, change.reason, change.paused) == ("no_data", Reason.NOT_CHECKED, False)
    swept, probe = fresh(session, monitor)
    assert (swept.condition, swept.condition_since, probe.condition) == ("no_data", since, "no_data")


def test_a_silence_is_told_once(session, add_monitor, check, noon) -> None:
    add_monitor()
    check(noon)
    before = count_changes(session)
    swept = [sweep_silence(session, now=noon + timedelta(hours=hours)) for hours in (1, 1, 2)]
    assert swept == [1, 0, 0]
    assert count_changes(session) == before + 1


def test_a_silence_starts_the_run_anew_and_keeps_the_last_check(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(down_after=3)
    check(noon)
    for _ in range(2):
        check(fresh(session, monitor)[1].next_slot, Reason.TIMEOUT)
    probe = fresh(session, monitor)[1]
    assert probe.failures == 2
    seen = probe.last_slot
    sweep_silence(session, now=noon + timedelta(hours=1))
    probe = fresh(session, monitor)[1]
    assert (probe.failures, probe.successes, probe.streak_since, probe.streak_ended_at) == (0, 0, None, None)
    assert (probe.last_slot, probe.last_reason) == (seen, Reason.TIMEOUT)


def test_a_monitor_that_was_never_checked_stays_pending(session, add_monitor, noon) -> None:
    monitor = add_monitor()
    assert sweep_silence(session, now=noon + timedelta(days=30)) == 0
    assert fresh(session, monitor)[0].status is Status.PENDING


def test_failures_before_a_silence_confirm_nothing_after_it_even_while_pending(
    session, add_monitor, check, noon
) -> None:
    monitor = add_monitor(down_after=3)
    check(noon, Reason.TIMEOUT)
    assert sweep_silence(session, now=noon + timedelta(hours=1)) == 1
    swept, probe = fresh(session, monitor)
    assert (swept.status, probe.failures) == (Status.NO_DATA, 0)


def test_a_paused_monitor_is_left_alone(session, alice, add_monitor, check, noon) -> None:
    monitor = add_monitor()
    check(noon)
    pause_monitor(session, alice, monitor, now=noon)
    assert sweep_silence(session, now=noon + timedelta(days=30)) == 0
    swept, probe = fresh(session, monitor)
    assert (swept.condition, swept.status, probe.condition) == ("up", Status.PAUSED, "up")


def test_a_resumed_monitor_is_waited_for(session, alice, add_monitor, check, noon) -> None:
    monitor = add_monitor()
    check(noon)
    pause_monitor(session, alice, monitor, now=noon)
    resume_monitor(session, alice, monitor, now=noon + timedelta(days=1))
    assert sweep_silence(session, now=noon + timedelta(days=1, minutes=1)) == 0


@pytest.mark.parametrize(
    ("reason", "condition"),
    [(Reason.TIMEOUT, Status.DOWN), (Reason.ADDRESS_BLOCKED, Status.BLOCKED), (Reason.OK, Status.UP)],
)
def test_no_data_follows_whatever_there_was(session, add_monitor, check, noon, reason, condition) -> None:
    monitor = add_monitor(down_after=1)
    check(noon, reason)
    assert fresh(session, monitor)[0].status is condition
    assert sweep_silence(session, now=noon + timedelta(hours=1)) == 1
    assert fresh(session, monitor)[0].status is Status.NO_DATA


def test_silence_neither_opens_nor_ends_an_incident(session, add_monitor, check, noon) -> None:
    down, up = add_monitor(down_after=1), add_monitor(target="http://example.com/up")
    check(noon, Reason.TIMEOUT)
    assert sweep_silence(session, now=noon + timedelta(hours=1)) == 2
    [incident] = session.scalars(select(Incident).execution_options(populate_existing=True))
    assert (incident.title, incident.resolved_at) == (down.name, None)
    assert fresh(session, down)[1].incident_open
    assert not fresh(session, up)[1].incident_open


def test_a_result_ends_the_silence(session, add_monitor, check, noon) -> None:
    monitor = add_monitor()
    check(noon)
    later = noon + timedelta(hours=1)
    sweep_silence(session, now=later)
    check(later)
    swept, probe = fresh(session, monitor)
    assert (swept.status, newest_change(session).effective_at) == (Status.UP, probe.last_slot)


def test_every_monitor_is_swept_from_its_own_slot(session, add_monitor, check, noon) -> None:
    intervals = (5, 60, 600)
    monitors = [add_monitor(interval=interval) for interval in intervals]
    check(noon)
    assert sweep_silence(session, now=noon + timedelta(seconds=131)) == 2
    assert sweep_silence(session, now=noon + timedelta(days=1)) == 1
    assert [fresh(session, monitor)[0].condition_since for monitor in monitors] == [
        noon + timedelta(seconds=interval) for interval in intervals
    ]


def test_a_shorter_interval_makes_no_silence_of_the_time_before(
    session, alice, vault, add_monitor, check, noon
) -> None:
    monitor = add_monitor(interval=3600)
    check(noon)
    edited = noon + timedelta(minutes=50)
    draft = draft_monitor(target=monitor.target, interval=5, timeout=5)
    update_monitor(session, alice, monitor, draft, vault=vault, now=edited)
    assert sweep_silence(session, now=edited + timedelta(seconds=35)) == 0
    assert sweep_silence(session, now=edited + timedelta(seconds=36)) == 1
    assert newest_change(session).effective_at == edited
