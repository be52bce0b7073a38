"""No burst, whatever made many checks due at once, and no slot twice: schedulers on a clock that is told."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import text

from emeter_checker import scheduler as module
from emeter_checker.scheduler import AHEAD, PATIENCE_S, Scheduler
from emeter_core import checks
from emeter_core.checks import Finished, Hint, Taken
from emeter_core.database import Database
from emeter_core.monitors import create_monitor, draft_monitor, pause_monitor, resume_monitor
from emeter_core.outcome import Outcome, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault

TICK = 0.5
NOON = datetime(2026, 11, 23, 12, 0, 0, 300_000, tzinfo=UTC)


_NOT_TAKEN = "SELECT token, probe_id, slot FROM claims WHERE taken_by IS NULL"


class Clock:
    """The wall clock of the database and the monotonic one of this machine, as they are told."""

    def __init__(self) -> None:
        self.wall, self.seconds = NOON, 1000.0

    def now(self) -> datetime:
        return self.wall

    def measure_if_old(self) -> None:
        """It is told at once."""

    def measure(self) -> None:
        """The same."""

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


class StaleClock(Clock):
    """One that was asked a moment ago, and did not hear of a step until it asks again."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._behind = clock, timedelta()

    def step(self, jump: timedelta) -> None:
        """Let the wall clock jump unheard."""
        self._clock.wall += jump
        self._behind += jump

    def now(self) -> datetime:
        return self._clock.now() - self._behind

    def measure(self) -> None:
        self._behind = timedelta()


class House:
    """Schedulers that tick by turns, and a worker that finds everything up the moment it begins."""

    def __init__(self, database: Database, redis: Redis, team: Scope, vault: Vault, clock: Clock) -> None:
        self.clock, self._database, self._redis = clock, database, redis
        self._team, self._vault = team, vault
        self._taken: list[Taken] = []
        self._ahead: set[Taken] = set()
        self.monitors: list[int] = []
        self.starts: list[tuple[float, int, int]] = []
        """When each check began (the monotonic clock), its probe and its slot."""
        self.run_schedulers(1)

    def run_schedulers(self, count: int) -> None:
        """Have so many, all of them new."""
        self._schedulers = [
            Scheduler(self._database.sessions, self.clock, self._redis)  # type: ignore[arg-type]
            for _ in range(count)
        ]

    def add(self, count: int, *, interval: int) -> None:
        """Add monitors, all at once."""
        with self._database.sessions.begin() as session:
            for number in range(count):
                draft = draft_monitor(
                    target="http://127.0.0.1:9/", name=str(number), interval=interval, timeout=2
                )
                monitor = create_monitor(session, self._team, draft, vault=self._vault, now=self.clock.now())
                self.monitors.append(monitor)

    def for_all(self, do: Callable[..., None]) -> None:
        """Pause or resume all, at once."""
        with self._database.sessions.begin() as session:
            for monitor in self.monitors:
                do(session, self._team, monitor, now=self.clock.now())

    def live(self, seconds: float) -> list[tuple[float, int]]:
        """Let time pass; returns the checks that began in it: after how many seconds, and of which probe."""
        begin, known = self.clock.seconds, len(self.starts)
        while self.clock.seconds < begin + seconds:
            for scheduler in self._schedulers:
                scheduler.tick()
                self._work()
                self.clock.advance(TICK / len(self._schedulers))
        self._work()
        return [(at - begin, probe) for at, probe, _ in self.starts[known:]]

    def stand(self, seconds: float) -> None:
        """Let time pass without schedulers; what the worker has taken by then it does."""
        for _ in range(int(3 / TICK)):
            self.clock.advance(TICK)
            self._work()
        self.clock.advance(seconds - 3)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with self._database.sessions() as session:
            return [tuple(row) for row in session.execute(text(statement))]

    def tick(self, seconds: float) -> None:
        """Let time pass with schedulers, and with workers that are busy."""
        for _ in range(int(seconds / TICK)):
            for scheduler in self._schedulers:
                scheduler.tick()
            self.clock.advance(TICK)

    def take(self) -> list[Taken]:
        """Take all hints."""
        self._redis.flushall()
        now, taken = self.clock.now(), list[Taken]()
        with self._database.sessions.begin() as session:
            hints: dict[uuid.UUID, Hint] = {}
            for token, probe_id, slot in session.execute(text(_NOT_TAKEN)).all():
                hints.setdefault(token, Hint(token, [])).claims.append((probe_id, checks.to_us(slot)))
            for hint in hints.values():
                taken += checks.take(session, hint, process_id=uuid.UUID(int=1), now=now)
        return taken

    def record(self, claims: list[Taken]) -> int:
        """Find all these up; returns how many results counted."""
        now = self.clock.now()
        finished = [Finished(claim, Outcome(Reason.OK), now) for claim in claims]
        with self._database.sessions.begin() as session:
            return checks.record(session, finished, now=now).counted

    def _work(self) -> None:
        """Take all hints, and record what is due by now."""
        self._taken += self.take()
        now_us = checks.to_us(self.clock.now())
        self._ahead |= {claim for claim in self._taken if claim.slot_us > now_us}
        # As the gate has it: what is found too late is left to the end of its lease.
        due = [claim for claim in self._taken if claim.slot_us <= now_us <= claim.start_by_us]
        self._taken = [claim for claim in self._taken if claim.slot_us > now_us]
        self.record(due)
        for claim in due:
            late = (now_us - claim.slot_us) / 1e6
            # Claimed ahead, it began at its slot, some time since the last look; else just now.
            began = self.clock.seconds - (late if claim in self._ahead and late < TICK else 0)
            self.starts.append((began, claim.probe_id, claim.slot_us))


@pytest.fixture
def house(database, redis, team, vault, monkeypatch) -> Iterator[House]:
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return House(database, redis, team, vault, clock)


def busiest(starts: list[tuple[float, int]]) -> int:
    """The most checks that began within a second."""
    instants = sorted(at for at, _ in starts)
    return max(sum(at <= other < at + 1 for other in instants[n : n + 100]) for n, at in enumerate(instants))


MANY, INTERVAL = 200, 10
RATE = MANY / INTERVAL


def settle(house: House) -> None:
    """Have many monitors that are checked as usual."""
    house.add(MANY, interval=INTERVAL)
    house.live(INTERVAL + 2)


def goes_smoothly(house: House, *, calm: float = 0.0) -> None:
    """Each is checked within its interval, no second has over twice the usual, then all goes as ever."""
    starts = house.live(2.5 * INTERVAL)
    assert len({probe for at, probe in starts if at <= INTERVAL + TICK + calm}) == MANY
    # Twice is what is promised where workers are late and slots uneven; here neither is so.
    assert busiest(starts) <= 1.75 * RATE
    assert sum(at > 1.5 * INTERVAL for at, _ in starts) == pytest.approx(MANY, rel=0.1)
    assert len(house.starts) == len({(probe, slot) for _, probe, slot in house.starts})


@pytest.mark.parametrize("schedulers", [1, 3])
def test_an_import_and_a_resume_of_all_are_no_burst(house, schedulers: int) -> None:
    house.run_schedulers(schedulers)
    house.add(MANY, interval=INTERVAL)
    goes_smoothly(house)
    house.for_all(pause_monitor)
    house.stand(3)
    house.for_all(resume_monitor)
    goes_smoothly(house)


def test_a_restart_is_no_burst_and_what_was_missed_is_a_gap(house) -> None:
    settle(house)
    checked = Counter(probe for _, probe, _ in house.starts)
    for stopped in (10, 300, 3600):
        house.stand(stopped)
        house.run_schedulers(3)
        goes_smoothly(house)
    assert set(checked) == set(Counter(probe for _, probe, _ in house.starts))
    told = "SELECT DISTINCT condition FROM status_changes ORDER BY condition"
    assert house.rows(told) == [("no_data",), ("pending",), ("up",)]
    assert house.rows("SELECT count(*) FROM incidents") == [(0,)]
    # Of the first stop only the slots that were found later than their interval: none.
    [(gaps,)] = house.rows("SELECT sum(count) FROM gaps")
    assert gaps == pytest.approx((300 + 3600) * RATE, rel=0.05)


@pytest.mark.parametrize(
    ("schedulers", "jump"), [(1, timedelta(hours=1, seconds=7)), (3, timedelta(days=1, seconds=7))]
)
def test_a_clock_that_jumps_is_no_burst_and_no_verdict(house, schedulers: int, jump: timedelta) -> None:
    house.run_schedulers(schedulers)
    settle(house)
    house.clock.wall += jump
    goes_smoothly(house, calm=AHEAD.total_seconds())
    house.starts.clear()
    house.clock.wall -= jump
    goes_smoothly(house, calm=AHEAD.total_seconds())
    assert {condition for (condition,) in house.rows("SELECT condition FROM status_changes")} == {
        "pending",
        "up",
        "no_data",
    }
    assert house.rows("SELECT DISTINCT condition FROM monitors") == [("up",)]
    now = house.clock.now()
    newest = "SELECT max(effective_at), (SELECT max(last_slot) FROM gaps) FROM status_changes"
    assert all(moment <= now for moment in house.rows(newest)[0])


def test_a_step_ahead_throws_away_nothing_that_is_in_flight(house) -> None:
    house.add(5, interval=60)
    house.tick(0.5)
    in_flight = house.take()
    assert len(in_flight) == 5
    house.clock.wall += timedelta(hours=1)
    house.tick(5)
    assert house.record(in_flight) == 5


def test_what_workers_lost_is_found_some_seconds_after_a_step(house) -> None:
    house.add(5, interval=60)
    house.tick(0.5)
    house.take()
    house.clock.wall += timedelta(hours=1)
    house.tick(PATIENCE_S + 2)
    assert house.rows("SELECT count(*) FROM gaps WHERE reason = 'lost'") == [(5,)]


def test_a_scheduler_that_has_not_heard_of_a_step_ahead_pulls_nothing_back(house, database, redis) -> None:
    settle(house)
    clock = StaleClock(house.clock)
    unaware = Scheduler(database.sessions, clock, redis)  # type: ignore[arg-type]
    clock.step(timedelta(hours=1))
    house.live(INTERVAL)
    moved_on = house.rows("SELECT id, next_slot FROM probes ORDER BY id")
    unaware.tick()
    assert house.rows("SELECT id, next_slot FROM probes ORDER BY id") == moved_on


def test_what_comes_once_a_day_waits_for_a_minute_at_most(house) -> None:
    house.add(300, interval=86_400)
    starts = house.live(61)
    assert len({probe for _, probe in starts}) == 300
    assert busiest(starts) <= 2 * 300 / 60


def test_a_few_monitors_are_checked_at_once(house) -> None:
    house.add(5, interval=3600)
    assert {at for at, _ in house.live(1)} == {0.0}
