"""Single checks: the last ones, one of them, and the latest latencies of many monitors."""

from datetime import timedelta

import pytest

from emeter_core.analytics import Check, get_check, last_checks, recent_latencies
from emeter_core.checks.slots import to_us
from emeter_core.errors import NotFound
from emeter_core.monitors import pause_monitor
from emeter_core.outcome import Condition, Phases, Reason

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_the_last_checks_come_newest_first_with_all_they_say(
    session, alice, add_monitor, checked, noon
) -> None:
    monitor = add_monitor()
    checked(monitor, noon - 2 * MINUTE)
    checked(
        monitor,
        noon - MINUTE,
        reason=Reason.UNEXPECTED_CODE,
        code=503,
        late_ms=7,
        phases=Phases(1, 2, 3, 4, 5),
        evidence={"body": "näh"},
    )
    newest, older = last_checks(session, alice, monitor, now=noon)
    assert newest == Check(
        slot=noon - MINUTE,
        reason=Reason.UNEXPECTED_CODE,
        code=503,
        phases=Phases(1, 2, 3, 4, 5),
        total_us=15,
        late_ms=7,
        evidence={"body": "näh"},
    )
    assert (newest.condition, older.condition) == (Condition.DOWN, Condition.UP)
    assert older.evidence == {}


def test_no_more_are_told_than_asked_for(session, alice, add_monitor, checked, noon) -> None:
    monitor = add_monitor()
    for minute in range(5):
        checked(monitor, noon - minute * MINUTE)
    found = last_checks(session, alice, monitor, now=noon, limit=3)
    assert [check.slot for check in found] == [noon - minute * MINUTE for minute in range(3)]


def test_of_a_paused_monitor_the_checks_before_its_pause_are_told(
    session, alice, add_monitor, checked, noon
) -> None:
    monitor = add_monitor(now=noon - 9 * DAY)
    checked(monitor, noon - HOUR)
    pause_monitor(session, alice, monitor, now=noon - HOUR + SECOND)
    assert len(last_checks(session, alice, monitor, now=noon + 30 * DAY)) == 1


def test_of_a_silent_monitor_the_checks_before_its_silence_are_told(
    session, alice, add_monitor, checked, change, noon
) -> None:
    monitor = add_monitor(now=noon - 9 * DAY)
    checked(monitor, noon)
    change(monitor, "no_data", noon + MINUTE, reason=Reason.NOT_CHECKED)
    session.refresh(monitor)
    for paused_at in (None, noon + 20 * DAY):
        monitor.paused_at = paused_at
        assert len(last_checks(session, alice, monitor, now=noon + 30 * DAY)) == 1


def test_a_check_is_found_by_its_slot(session, alice, add_monitor, checked, noon) -> None:
    monitor, slot = add_monitor(), noon - HOUR + timedelta(milliseconds=123)
    checked(monitor, slot)
    found = get_check(session, alice, monitor, to_us(slot))
    assert (found.slot, found.slot_us) == (slot, to_us(slot))


@pytest.mark.parametrize("slot_us", [0, 1, -1, 10**30, -(10**30)])
def test_a_slot_that_was_not_checked_is_not_found(session, alice, add_monitor, slot_us: int) -> None:
    with pytest.raises(NotFound):
        get_check(session, alice, add_monitor(), slot_us)


def test_a_stranger_finds_no_check(session, alice, charlie, add_monitor, checked, noon) -> None:
    monitor = add_monitor()
    checked(monitor, noon - MINUTE)
    assert last_checks(session, charlie, monitor, now=noon) == []
    assert recent_latencies(session, charlie, [monitor.id], now=noon) == {monitor.id: []}
    with pytest.raises(NotFound):
        get_check(session, charlie, monitor, to_us(noon - MINUTE))


def test_recent_latencies_go_from_old_to_new_with_gaps_for_failures(
    session, alice, add_monitor, checked, noon
) -> None:
    monitor, silent = add_monitor(), add_monitor()
    for minute, took in ((4, 10), (3, 20), (1, 40)):
        checked(monitor, noon - minute * MINUTE, phases=Phases(0, 0, 0, took, 0))
    checked(monitor, noon - 2 * MINUTE, reason=Reason.TIMEOUT)
    assert recent_latencies(session, alice, [monitor.id, silent.id], now=noon) == {
        monitor.id: [10, 20, None, 40],
        silent.id: [],
    }
    assert recent_latencies(session, alice, [monitor.id], now=noon, limit=2) == {monitor.id: [None, 40]}


def test_recent_is_at_most_a_day_ago(session, alice, add_monitor, checked, noon) -> None:
    monitor = add_monitor()
    checked(monitor, noon - DAY)
    checked(monitor, noon - DAY + SECOND)
    assert len(recent_latencies(session, alice, [monitor.id], now=noon)[monitor.id]) == 1


def test_no_monitors_have_no_latencies(session, alice, noon) -> None:
    assert recent_latencies(session, alice, [], now=noon) == {}
