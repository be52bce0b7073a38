"""Latency: means by bucket of the whole, of what succeeded."""

import dataclasses
import random
import statistics
from datetime import timedelta
from itertools import pairwise

import pytest

from emeter_core.analytics import latency
from emeter_core.analytics.latency import Percentiles
from emeter_core.outcome import Condition, Phases, Reason
from emeter_core.rollups.histogram import ERROR

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_a_bucket_tells_the_mean_of_each_phase(session, alice, add_monitor, checked, noon) -> None:
    monitor = add_monitor()
    checked(monitor, noon - HOUR, phases=Phases(10, 20, 30, 40, 50))
    checked(monitor, noon - HOUR + MINUTE / 2, phases=Phases(20, 40, 60, 80, 100))
    found = latency(session, alice, monitor, since=noon - HOUR, now=noon)
    assert found.at == [noon - HOUR + number * MINUTE for number in range(60)]
    assert (found.since, found.until) == (noon - HOUR, noon)
    first = (found.dns[0], found.connect[0], found.tls[0], found.wait[0], found.transfer[0])
    assert first == (15, 30, 45, 60, 75)
    assert found.checks == [2, *[0] * 59]
    assert [column[1] for column in (found.dns, found.connect, found.tls, found.wait)] == [None] * 4


@pytest.mark.parametrize(
    ("hours", "minutes"), [(1, 1), (2, 1), (3, 15), (24, 15), (25, 15), (168, 60), (720, 1440)]
)
def test_buckets_are_as_long_as_a_chart_has_room_for(
    session, alice, add_monitor, noon, hours: int, minutes: int
) -> None:
    now = noon + timedelta(minutes=7, seconds=30)
    found = latency(session, alice, add_monitor(), since=now - hours * HOUR, now=now)
    assert {after - before for before, after in pairwise([*found.at, found.until])} == {minutes * MINUTE}
    assert found.since <= now - hours * HOUR
    assert found.until - minutes * MINUTE <= now <= found.until
    assert len(found.at) <= 170


def test_without_checks_there_is_nothing_to_tell(session, alice, add_monitor, noon) -> None:
    found = latency(session, alice, add_monitor(), since=noon - HOUR, now=noon)
    assert len(found.at) == len(found.transfer) == 60
    assert set(found.wait) == {None}
    assert set(found.checks) == set(found.failures) == {0}
    assert found.percentiles == Percentiles(None, None, None, None, 0)


def test_failures_are_counted_and_have_no_say_in_the_means(
    session, alice, add_monitor, checked, noon
) -> None:
    monitor = add_monitor()
    checked(monitor, noon - 10 * MINUTE, phases=Phases(1, 2, 3, 4, 5))
    for seconds, reason in (
        (10, Reason.TIMEOUT),
        (20, Reason.ADDRESS_BLOCKED),
        (30, Reason.NETWORK_UNAVAILABLE),
    ):
        slot = noon - 10 * MINUTE + timedelta(seconds=seconds)
        checked(monitor, slot, reason=reason, phases=Phases(10**7, 0, 0, 0, 0))
    found = latency(session, alice, monitor, since=noon - HOUR, now=noon)
    assert (found.checks[50], found.failures[50], found.dns[50], found.transfer[50]) == (4, 1, 1, 5)
    assert found.percentiles == Percentiles(15, 15, 15, 15, 1)


@pytest.mark.parametrize("reason", Reason)
def test_a_failure_is_what_makes_a_monitor_down(
    session, alice, add_monitor, checked, noon, reason: Reason
) -> None:
    monitor = add_monitor()
    checked(monitor, noon - MINUTE, reason=reason)
    found = latency(session, alice, monitor, since=noon - HOUR, now=noon)
    assert sum(found.failures) == (reason.condition is Condition.DOWN)
    assert found.percentiles.checks == (reason.condition in {Condition.UP, Condition.DEGRADED})


def test_the_begin_belongs_to_the_time_and_the_end_does_not(
    session, alice, add_monitor, checked, noon
) -> None:
    monitor = add_monitor()
    for minutes in (61, 60, 1, 0):
        checked(monitor, noon - minutes * MINUTE)
    found = latency(session, alice, monitor, since=noon - HOUR, now=noon)
    assert [number for number, checks in enumerate(found.checks) if checks] == [0, 59]


def test_a_stranger_sees_no_checks(session, charlie, add_monitor, checked, noon) -> None:
    monitor = add_monitor()
    checked(monitor, noon - MINUTE)
    found = latency(session, charlie, monitor, since=noon - HOUR, now=noon)
    assert (sum(found.checks), found.percentiles.checks) == (0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_the_single_checks(
    session, alice, add_monitor, checked, rolled_up, noon, seed: int
) -> None:
    """Phases up to a minute, told by single results first, and by rollups then."""
    chance = random.Random(seed)
    monitor, since = add_monitor(now=noon - HOUR), noon - HOUR
    made = {}
    for second in range(0, 3600, 40):
        phases = Phases(*(chance.choice([0, 1, 255, 256, 70_000, 60_000_000, 2**26]) for _ in range(5)))
        made[since + timedelta(seconds=second, milliseconds=chance.randrange(1000))] = phases
    for slot, phases in made.items():
        checked(monitor, slot, phases=phases)
    # By chance one of them is no time at all: that of a run that never told its start.
    totals = sorted(phases.total for phases in made.values() if phases.total)
    exact = [totals[-int(-share * len(totals) // 1) - 1] for share in (0.5, 0.95, 0.99)]
    for error in (0, ERROR):
        found = latency(session, alice, monitor, since=since - 2 * HOUR, now=noon)
        assert sum(found.checks) == len(made)
        for number, begin in enumerate(found.at):
            inside = [
                phases
                for slot, phases in made.items()
                if begin <= slot < (*found.at, noon)[number + 1] and phases.total
            ]
            for name in Phases._fields if inside else ():
                mean = statistics.fmean(getattr(phases, name) for phases in inside)
                # The transfer is what the others leave, which are rounded.
                whole = statistics.fmean(phases.total for phases in inside)
                off = whole if name == "transfer" else mean
                assert getattr(found, name)[number] == pytest.approx(mean, abs=3 + off * 0.0002)
        assert list(found.percentiles[:3]) == pytest.approx(exact, rel=error, abs=1)
        assert found.percentiles.mean == pytest.approx(statistics.fmean(totals), abs=1)
        rolled_up(noon + 9 * MINUTE)


@pytest.mark.parametrize("hours", [1, 24 * 7, 24 * 60])
def test_percentiles_may_be_of_another_time_than_the_chart(
    session, alice, add_monitor, checked, rolled_up, noon, hours: int
) -> None:
    monitor = add_monitor(now=noon - 3 * DAY)
    now = noon + 7 * MINUTE
    for number in range(100):
        checked(monitor, now - number * 20 * MINUTE, phases=Phases(0, 0, 0, 1000 * number, 0))
    for _ in range(2):
        alone = latency(session, alice, monitor, since=now - hours * HOUR, now=now)
        both = latency(session, alice, monitor, since=now - hours * HOUR, now=now, told_since=now - DAY)
        assert dataclasses.replace(both, percentiles=alone.percentiles) == alone
        day = latency(session, alice, monitor, since=now - DAY, now=now)
        assert (both.percentiles, both.percentiles.checks) == (day.percentiles, 72)
        rolled_up(now)
