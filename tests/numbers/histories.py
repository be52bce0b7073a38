"""Histories that hypothesis draws: what happened to a monitor, and when each part of it was written down."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st
from oracle import Change, Checked

# Around ends of months, leap days and changes of the clocks, of which some are at midnight or half an hour.
STARTS = {
    "UTC": (datetime(2028, 2, 27, tzinfo=UTC), datetime(2026, 12, 29, tzinfo=UTC)),
    "Europe/Berlin": (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 10, 30, tzinfo=UTC), datetime(2027, 3, 12, tzinfo=UTC)),
    "America/Santiago": (datetime(2026, 9, 4, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)),
    "Africa/Cairo": (datetime(2026, 4, 22, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)),
    "Asia/Kathmandu": (datetime(2026, 2, 26, tzinfo=UTC),),
    "Australia/Lord_Howe": (datetime(2026, 10, 2, tzinfo=UTC), datetime(2027, 4, 2, tzinfo=UTC)),
    "Pacific/Chatham": (datetime(2026, 9, 25, tzinfo=UTC),),
}
LONGEST = timedelta(days=5)
STATUSES = (
    "pending",
    "up",
    "degraded",
    "down",
    "blocked",
    "no_data",
    "paused",
    "maintenance",
    "unreachable",
)
SCALES = ("minute", "quarter", "hour", "day", "week", "month")
KINDS = ("ok", "ok", "ok", "ok", "ok", "down", "other")
_PARTS = 2**20


@dataclass(frozen=True)
class History:
    """What happened between `start` and `now`; `looks` are when rollups were made in between.

    `asked` are the stretches that are looked at, as shares of the whole: where each begins, how long it is.
    """

    zone: str
    start: datetime
    now: datetime
    changes: list[Change]
    checks: list[Checked]
    looks: list[datetime]
    asked: list[tuple[float, float]]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Statuses that last from a microsecond to days, some known late; checks at an interval, with holes."""
    zone = draw(st.sampled_from(sorted(STARTS)))
    start = draw(st.sampled_from(STARTS[zone])) + draw(less_than(timedelta(hours=30)))
    length = draw(st.sampled_from([timedelta(hours=2), timedelta(days=1), LONGEST - timedelta(hours=30)]))
    now = start + length / 2 + draw(less_than(length / 2)) + timedelta(minutes=1)
    changes = draw(_changes(start, now))
    checks = draw(_checks(start, now))
    looks = sorted(draw(st.lists(less_than(now - start), max_size=3)))
    asked = [(draw(st.floats(-0.2, 0.95)), draw(st.floats(0.05, 1.2))) for _ in SCALES]
    return History(zone, start, now, changes, checks, [start + look for look in looks], asked)


def less_than(length: timedelta) -> st.SearchStrategy[timedelta]:
    """Whole quarter hours as often as odd microseconds: both have edges. All lengths are as likely."""
    quarters = st.integers(0, max(0, length // timedelta(minutes=15))).map(
        lambda n: n * timedelta(minutes=15)
    )
    # Of a wider range hypothesis would mostly draw what is small: seconds, where days are meant.
    odd = st.integers(0, _PARTS - 1).map(lambda n: length * n // _PARTS)
    return st.one_of(quarters, odd).filter(lambda drawn: drawn < length)


@st.composite
def _changes(draw: st.DrawFn, start: datetime, now: datetime) -> list[Change]:
    """In the order in which they were written; a late one reaches back, up to the begin at most."""
    written = sorted(draw(st.lists(less_than(now - start), max_size=12)))
    changes = [Change(start, start, "pending")]
    for at in written:
        recorded_at = start + at
        back = draw(st.one_of(st.just(timedelta(0)), less_than(timedelta(days=2))))
        changes.append(Change(max(start, recorded_at - back), recorded_at, draw(st.sampled_from(STATUSES))))
    return changes


@st.composite
def _checks(draw: st.DrawFn, start: datetime, now: datetime) -> list[Checked]:
    """Results at an interval that leaves a few hundred, some recorded hours after their slot."""
    interval = draw(st.sampled_from([timedelta(seconds=61), timedelta(minutes=7), timedelta(minutes=50)]))
    interval = max(interval, (now - start) / 250)
    interval -= interval % timedelta(milliseconds=1)
    # Its own chance, by a number that is drawn: hundreds of draws a history would take minutes.
    random = Random(draw(st.integers(0, 2**32)))
    level, noise, holes, lateness = (
        draw(st.sampled_from([5, 900, 140_000, 20_000_000])),
        draw(st.sampled_from([0.0, 0.1, 1.0])),
        draw(st.sampled_from([0.0, 0.3, 0.95])),
        draw(st.sampled_from([0.0, 0.1])),
    )
    checks, slot = [], start
    while slot < now:
        if random.random() >= holes:
            late = (
                timedelta(seconds=1) if random.random() >= lateness else random.random() * timedelta(hours=9)
            )
            latency = min(2**31 - 1, int(level * random.lognormvariate(0, noise)))
            checks.append(Checked(slot, min(now, slot + late), random.choice(KINDS), latency))
        slot += interval
    return checks
