"""Lives that hypothesis draws: what checks found, how late and how often it was written, and who looked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from histories import LONGEST, SCALES, STARTS, less_than
from hypothesis import strategies as st

from emeter_core.retention import Retention

CAUSES = {
    "ok": ("ok",),
    "down": ("timeout", "unexpected_code", "connection_refused"),
    "blocked": ("address_blocked",),
    "no_data": ("network_unavailable", "resolver_unavailable"),
}
MOODS = ("ok", "ok", "ok", "down", "down", "blocked", "no_data", "silent")
LENGTHS = (*[LONGEST - timedelta(hours=30)] * 2, timedelta(days=2), timedelta(hours=4))
RETENTIONS = (
    *(None, None, Retention(1, 0, 0), Retention(1, 1, 0), Retention(1, 1, 1), Retention(2, 1, 1)),
    *(Retention(0, 1, 0), Retention(0, 0, 1), Retention(1, 2, 1)),
)
"""Of quarter hours and hours only whole months are dropped: some begin just before the end of one."""
LONGEST_CHECK_US = 60_000_000
LONGEST_WAIT = timedelta(hours=2)
"""How long a result waits for others, at most: days later its own day might be gone."""


@dataclass(frozen=True)
class Seen:
    """What one check found; `kind` is ok, down, blocked or no_data, `cause` is why."""

    slot: datetime
    kind: str
    cause: str
    total_us: int

    @property
    def ended_at(self) -> datetime:
        """When it knew."""
        return self.slot + timedelta(microseconds=self.total_us)


@dataclass(frozen=True)
class Event:
    """Something that was done at `at`."""

    at: datetime


@dataclass(frozen=True)
class Written(Event):
    """Checks were written down together, in any order; those of `again` were before, once or more often.

    `strangers` say something else of a slot that is written now: their claim is not theirs any more.
    """

    checks: list[Seen]
    again: list[Seen] = field(default_factory=list)
    strangers: list[Seen] = field(default_factory=list)


class Swept(Event):
    """Somebody looked for silence."""


class RolledUp(Event):
    """Rollups were made, and what is old was dropped."""


@dataclass(frozen=True)
class Life:
    """All that happened to a monitor between `start` and `now`, and the stretches that are asked for."""

    zone: str
    start: datetime
    now: datetime
    interval: timedelta
    timeout: timedelta
    down_after: int
    up_after: int
    events: list[Event]
    retention: Retention | None
    asked: list[tuple[float, float]]

    @property
    def checks(self) -> list[tuple[datetime, Seen]]:
        """All checks, each with when it was written down first."""
        return [
            (event.at, each) for event in self.events if isinstance(event, Written) for each in event.checks
        ]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Hours to days, at an interval that leaves some two hundred checks; what is many follows from a seed."""
    zone = draw(st.sampled_from(sorted(STARTS)))
    start = draw(st.sampled_from(STARTS[zone])) + draw(less_than(timedelta(hours=30)))
    length = draw(st.sampled_from(LENGTHS))
    now = start + length / 2 + draw(less_than(length / 2)) + timedelta(minutes=1)
    shortest = draw(st.sampled_from([timedelta(seconds=30), timedelta(minutes=7), timedelta(minutes=50)]))
    interval = timedelta(seconds=max(shortest, (now - start) / 200) // timedelta(seconds=1))
    random = Random(draw(st.integers(0, 2**32)))
    seen = list(_seen(draw, random, start, now, interval))
    timeout = draw(st.sampled_from([timedelta(seconds=1), timedelta(seconds=30)]))
    looks = [start + random.random() * (now - start) for _ in range(draw(st.sampled_from([0, 12, 40])))]
    events = [*_written(draw, random, seen, now), *map(RolledUp, [*looks, now])]
    events.sort(key=lambda event: event.at)
    return Life(
        *(zone, start, now, interval, timeout),
        *(draw(st.integers(1, 4)), draw(st.integers(1, 3))),
        list(_with_sweeps(random, events, start, draw(st.sampled_from([0.0, 0.2, 1.0])))),
        draw(st.sampled_from(RETENTIONS)),
        [(draw(st.floats(-0.2, 0.95)), draw(st.floats(0.05, 1.2))) for _ in SCALES],
    )


def _seen(
    draw: st.DrawFn, random: Random, start: datetime, now: datetime, interval: timedelta
) -> Iterator[Seen]:
    """One check after the other, of targets that are in a mood for a while; some are missing."""
    restless = draw(st.sampled_from([0.02, 0.1, 0.5]))
    holes = draw(st.sampled_from([0.0, 0.1]))
    level, noise = draw(st.sampled_from([5, 900, 140_000])), draw(st.sampled_from([0.0, 0.1, 1.0]))
    slot, mood = start, random.choice(MOODS)
    while slot < now:
        if mood != "silent" and random.random() >= holes:
            latency = min(LONGEST_CHECK_US, int(level * random.lognormvariate(0, noise)))
            yield Seen(slot, mood, random.choice(CAUSES[mood]), latency)
        if random.random() < restless:
            mood = random.choice(MOODS)
        slot += interval


def _written(draw: st.DrawFn, random: Random, seen: list[Seen], now: datetime) -> Iterator[Written]:
    """Batches in the order in which they were ready: some checks come hours late, behind newer ones."""
    late, twice = draw(st.sampled_from([0.0, 0.1])), draw(st.sampled_from([0.0, 0.2]))
    most = draw(st.sampled_from([1, 3, 15]))
    ready = [
        (
            each.ended_at + timedelta(seconds=random.random() * (9 * 3600 if random.random() < late else 1)),
            each,
        )
        for each in seen
    ]
    ready.sort(key=lambda pair: pair[0])
    before: list[Seen] = []
    while ready:
        size = random.randint(1, most)
        batch = [each for each in ready[:size] if each[0] < ready[0][0] + LONGEST_WAIT]
        del ready[: len(batch)]
        checks = [each for _, each in batch]
        again = random.sample(before, min(len(before), 2)) if random.random() < twice else []
        if random.random() < twice:
            again += checks
        strangers = [_other(random, each) for each in checks if random.random() < twice]
        before += checks
        random.shuffle(checks)
        yield Written(min(now, batch[-1][0]), checks, again, strangers)


def _other(random: Random, seen: Seen) -> Seen:
    kind = random.choice(sorted(CAUSES))
    return Seen(seen.slot, kind, random.choice(CAUSES[kind]), seen.total_us + 1)


def _with_sweeps(random: Random, events: list[Event], start: datetime, share: float) -> Iterator[Event]:
    """Look for silence at some moment between two events, here and there."""
    before = start
    for event in events:
        if random.random() < share:
            yield Swept(before + random.random() * (event.at - before))
        yield event
        before = event.at
