"""The wall clock jumps, ahead and back: checks go on as ever, in no burst, and no verdict is false.

What was written while it was ahead, by people's edits and by a process that was killed, is soon of no time to
come.
"""

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from harness.emeter import Emeter, short_directory
from harness.faketime import WallClock, find_library, servers_on
from harness.targets import Target, Targets
from sqlalchemy import select

from emeter_core.monitors import Monitor, draft_monitor, update_monitor

HOUR, DAY = timedelta(hours=1, seconds=1.7), timedelta(days=1, seconds=1.7)
"""No multiples of an interval: slots are elsewhere in the true time after each."""

SECRET = "a secret key of the tests, which is long enough"
TIMEOUT = 2
NOTICED = 3.0
"""Seconds within which all processes have noticed a jump."""


@dataclass(frozen=True)
class Case:
    """Whose clock jumps, and by how much each time."""

    monitors: int
    interval: int
    jumps: tuple[timedelta, ...]
    everybody: bool
    """False: only that of the machine with the database."""


ALL = (HOUR, -HOUR, DAY, -DAY, -HOUR, HOUR, -DAY, DAY)
SHORT = Case(150, 5, (DAY, -HOUR), everybody=True)
CASES = [
    pytest.param(SHORT, id="short"),
    pytest.param(replace(SHORT, jumps=ALL), id="everybody", marks=pytest.mark.soak),
    pytest.param(replace(SHORT, jumps=ALL, everybody=False), id="database", marks=pytest.mark.soak),
    pytest.param(Case(500, 20, ALL, everybody=True), id="many", marks=pytest.mark.soak),
]


AHEAD = """
SELECT (SELECT count(*) FROM processes WHERE seen_at > :now),
  (SELECT count(*) FROM monitors WHERE greatest(updated_at, condition_since) > :now),
  (SELECT count(*) FROM status_changes WHERE effective_at > :now),
  (SELECT count(*) FROM probes WHERE last_slot > :now OR next_slot > :now + interval_ms * interval '1 ms'),
  (SELECT count(*) FROM claims WHERE slot > :now)
"""
"""How much is of a time to come: farther ahead than slots are claimed."""

ALIVE = "SELECT count(*) FROM processes WHERE pid = :pid AND seen_at > :now - interval '30 s'"


@dataclass
class House:
    """An E-Meter on a clock of ours, and what its target saw."""

    emeter: Emeter
    clock: WallClock
    site: Target
    case: Case

    def requests(self, since: float, until: float) -> list[tuple[float, str]]:
        return [(at, path) for at, path in list(self.site.arrivals) if since <= at < until]

    def rate_is_back(self, since: float, until: float) -> bool:
        """Whether in a stretch of an interval each monitor was checked, and hardly one twice."""
        seen = Counter(path for _, path in self.requests(since, until))
        count = self.case.monitors
        return len(seen) >= 0.98 * count and abs(seen.total() - count) <= 0.1 * count

    def wait_for_usual_rate(self, seconds: float) -> float:
        """Wait for an interval in which all is as usual; returns how long after now that began."""
        began, interval = time.time(), self.case.interval
        while not self.rate_is_back(time.time() - interval, time.time()):
            assert time.time() - began <= seconds, self.emeter.said()[-4000:]
            time.sleep(0.1)
        return time.time() - interval - began

    def meddle(self) -> int:
        """Edit some monitors, and kill the sender; returns its pid once there is another."""
        with self.emeter.change() as change:
            for monitor in change.session.scalars(select(Monitor).limit(3)):
                draft = draft_monitor(
                    target=monitor.target, name=monitor.name, interval=self.case.interval, timeout=TIMEOUT
                )
                update_monitor(
                    change.session, change.scope, monitor, draft, vault=self.emeter.vault, now=change.now
                )
        pid = self.emeter.processes()["sender"]
        os.kill(pid, signal.SIGKILL)
        told = "SELECT FROM processes WHERE name = 'sender' AND pid <> :pid AND started_at > :since"
        self.emeter.wait_until(lambda: self.emeter.rows(told, pid=pid, since=change.now), 20, "another")
        return pid

    def is_ahead(self) -> tuple[int, ...]:
        """How much is of a time to come."""
        with self.emeter.change() as change:
            return tuple(self.emeter.rows(AHEAD, now=change.now + timedelta(seconds=10))[0])

    def counts_as_alive(self, pid: int) -> bool:
        """Whether a process seems to be alive."""
        with self.emeter.change() as change:
            return self.emeter.rows(ALIVE, pid=pid, now=change.now) != [(0,)]


@pytest.fixture(params=CASES)
def house(request: pytest.FixtureRequest, targets: Targets) -> Iterator[House]:
    library = find_library()
    if library is None:
        pytest.skip("libfaketime is not here: install the package `faketime`")
    case: Case = request.param
    directory = short_directory()
    clock = WallClock(library, directory)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database, redis = stack.enter_context(servers_on(clock, directory / "servers"))
        settings = {"DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": SECRET}
        settings |= clock.python_settings if case.everybody else {}
        emeter = Emeter(directory / "house", **settings)
        stack.callback(emeter.clean_up)
        emeter.start().register()
        yield House(emeter, clock, targets.serve(), case)
        emeter.stop()


def test_a_jump_is_no_burst_no_standstill_and_no_verdict(house: House, figure: Callable[[str], None]) -> None:
    case, interval = house.case, house.case.interval
    house.emeter.add_monitors(
        [
            {"target": house.site.url(f"/{n}"), "name": str(n), "interval": interval, "timeout": TIMEOUT}
            for n in range(case.monitors)
        ]
    )
    house.wait_for_usual_rate(4 * interval)
    for jump in case.jumps:
        killed = house.meddle() if jump < timedelta() else 0
        jumped_at = time.time()
        house.clock.jump(jump)
        time.sleep(NOTICED)
        back = max(0.0, NOTICED + house.wait_for_usual_rate(2 * interval))
        most = busiest([at for at, _ in house.requests(jumped_at, time.time())])
        usual = case.monitors / interval
        told = f"usual again after {back:.1f} s, at most {most} in a second (usually {usual:g})"
        who = "everybody" if case.everybody else "the database"
        figure(f"the clock of {who} jumps by {jump.total_seconds():+.1f} s, {case.monitors} monitors: {told}")
        assert back <= 2 * interval
        assert most <= 2 * usual, [len(house.requests(jumped_at + n, jumped_at + n + 1)) for n in range(20)]
        house.emeter.wait_until(lambda: not any(house.is_ahead()), 10, "the end of a time to come")
        if case is not SHORT:
            house.emeter.wait_until(lambda killed=killed: not house.counts_as_alive(killed), 35, "its death")
    rows = house.emeter.rows
    assert rows("SELECT count(*) FROM incidents") == [(0,)]
    told = {condition for (condition,) in rows("SELECT condition FROM status_changes")}
    assert told <= {"pending", "up", "no_data"}
    assert rows("SELECT DISTINCT condition FROM monitors") == [("up",)]
    assert "Traceback" not in house.emeter.said()


def busiest(instants: list[float]) -> int:
    """The most that lie within a second."""
    instants.sort()
    return max(sum(at <= other < at + 1 for other in instants[n:]) for n, at in enumerate(instants))
