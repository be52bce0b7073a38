"""The tape: each monitor counts once a quarter hour, by the worst that it was in it."""

import random
from datetime import datetime, timedelta

import pytest

from emeter_core.analytics import history, tape
from emeter_core.analytics.tape import QUARTER, Tick
from emeter_core.monitors import Monitor, Status

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def troubled(ticks: list[Tick]) -> dict[datetime, tuple[int, int]]:
    return {tick.at: (tick.down, tick.degraded) for tick in ticks if tick.down or tick.degraded}


def test_a_tape_has_the_96_quarter_hours_of_the_clock_up_to_this_one(session, alice, noon) -> None:
    ticks = tape(session, alice, now=noon + 7 * MINUTE)
    assert ticks == [Tick(noon - number * QUARTER, 0, 0) for number in reversed(range(96))]


def test_a_failure_rises_in_each_quarter_that_it_touches(session, alice, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - DAY)
    change(monitor, "down", noon - 2 * HOUR + 14 * MINUTE)
    change(monitor, "up", noon - 2 * HOUR + 16 * MINUTE)
    assert troubled(tape(session, alice, now=noon)) == {
        noon - 2 * HOUR: (1, 0),
        noon - 2 * HOUR + QUARTER: (1, 0),
    }


def test_what_ends_with_a_quarter_is_not_in_the_next(session, alice, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - DAY)
    change(monitor, "degraded", noon - HOUR)
    change(monitor, "up", noon - HOUR + QUARTER)
    assert troubled(tape(session, alice, now=noon)) == {noon - HOUR: (0, 1)}


def test_a_monitor_that_flaps_counts_once_a_quarter(session, alice, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - DAY)
    for minute, status in enumerate(("down", "up", "down", "degraded", "down", "up", "degraded")):
        change(monitor, status, noon - HOUR + minute * MINUTE)
    change(monitor, "up", noon - HOUR + QUARTER + MINUTE)
    assert troubled(tape(session, alice, now=noon)) == {noon - HOUR: (1, 0), noon - HOUR + QUARTER: (0, 1)}


@pytest.mark.parametrize("status", ["down", "degraded"])
def test_what_has_been_wrong_for_long_is_wrong_all_the_time(
    session, alice, add_monitor, change, noon, status: str
) -> None:
    change(add_monitor(now=noon - 9 * DAY), status, noon - 5 * DAY)
    ticks = tape(session, alice, now=noon)
    assert {(tick.down, tick.degraded) for tick in ticks} == {(1, 0) if status == "down" else (0, 1)}


def test_what_is_paused_or_unknown_is_not_in_trouble(session, alice, add_monitor, change, noon) -> None:
    for status in ("paused", "no_data", "blocked", "pending", "maintenance"):
        monitor = add_monitor(now=noon - 9 * DAY)
        change(monitor, "down", noon - 5 * DAY)
        change(monitor, status, noon - 4 * DAY)
    assert troubled(tape(session, alice, now=noon)) == {}


def test_a_tape_is_of_ones_own_team(session, charlie, add_monitor, change, noon) -> None:
    change(add_monitor(now=noon - DAY), "down", noon - HOUR)
    assert troubled(tape(session, charlie, now=noon)) == {}


@pytest.mark.parametrize("seed", range(8))
def test_a_tape_is_that_of_the_histories(session, alice, add_monitor, change, noon, seed: int) -> None:
    chance = random.Random(seed)
    now = noon + chance.randrange(900) * timedelta(seconds=1)
    monitors = [add_monitor(now=now - 2 * DAY) for _ in range(15)]
    for monitor in monitors:
        moment = now - 2 * DAY
        for _ in range(chance.randrange(12)):
            moment += chance.choice([MINUTE, QUARTER, 9 * HOUR]) * chance.randrange(0, 4)
            if moment <= now:
                change(monitor, chance.choice(["up", "down", "degraded", "no_data", "paused"]), moment)
    assert tape(session, alice, now=now) == _slowly(session, alice, monitors, now)


def _slowly(session, alice, monitors: list[Monitor], now: datetime) -> list[Tick]:
    ticks = tape(session, alice, now=now)
    spans = history(session, alice, [each.id for each in monitors], since=now - 3 * DAY, now=now).values()
    found = []
    for at, *_ in ticks:
        worst = [
            {span.status for span in of_one if span.since < at + QUARTER and span.until > at}
            for of_one in spans
        ]
        down = sum(Status.DOWN in statuses for statuses in worst)
        degraded = sum(Status.DEGRADED in statuses and Status.DOWN not in statuses for statuses in worst)
        found.append(Tick(at, down, degraded))
    return found
