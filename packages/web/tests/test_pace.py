"""Refusals leave one after the other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from emeter_web import pace
from emeter_web.pace import Pace


class Clock:
    """A clock that sleeping moves on, for who sleeps alone."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def test_nobody_waits_in_an_empty_queue(clock: Clock) -> None:
    turns = Pace()
    for _ in range(5):
        turns.wait()
        clock.now += 0.02
    assert clock.slept == []


def test_of_a_crowd_fifty_a_second_go(clock: Clock) -> None:
    turns = Pace()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: turns.wait(), range(51)))
    assert sorted(clock.slept) == [round(number * 0.02, 6) for number in range(1, 51)]


def test_who_finds_the_queue_full_does_not_wait(clock: Clock) -> None:
    turns = Pace()
    for _ in range(500):
        turns.wait()
    assert max(clock.slept) <= 2.0
    assert len(clock.slept) == 100
    clock.now += 0.04
    turns.wait()
    turns.wait()
    assert len(clock.slept) == 102
