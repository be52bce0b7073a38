"""What a history adds up to, computed anew: by hand, from its definition, with nothing of ours.

It knows plain lists alone, walks through time in steps, and is slow. A quarter hour is its finest step for
days: no time zone has had another offset since 1972.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
LEVELS = {"quarter": QUARTER, "hour": timedelta(hours=1), "day": timedelta(days=1)}
SETTLED_AFTER = timedelta(minutes=5)
"""What is younger has no rollups yet."""

# Histograms have their bounds at the powers of 1.05; in whole numbers, as no logarithm is to be trusted.
GROWTH = Fraction(105, 100)
BOUNDS = [GROWTH**n for n in range(460)]

Kept = Mapping[str, datetime]
"""Since when what there was of a level is kept; levels that are kept for ever are left out."""


@dataclass(frozen=True)
class Change:
    """From `effective_at` on the monitor had `status`; written down at `recorded_at`."""

    effective_at: datetime
    recorded_at: datetime
    status: str


@dataclass(frozen=True)
class Checked:
    """A result; `kind` is ok, down or other, `total_us` 0 where nobody knows how long it took."""

    slot: datetime
    recorded_at: datetime
    kind: str
    total_us: int


@dataclass
class Expected:
    """What a bucket should tell."""

    since: datetime
    until: datetime
    checks: list[Checked] = field(default_factory=list)
    times: dict[str, timedelta] = field(default_factory=dict)
    is_single: bool = True
    """Whether all its latencies are known as those of single checks."""

    @property
    def latencies(self) -> list[int]:
        return sorted(each.total_us for each in self.checks if each.kind == "ok" and each.total_us > 0)

    def percentile(self, percent: int) -> int | None:
        """The smallest latency that at least so many percent of all do not exceed."""
        ordered = self.latencies
        for count, latency in enumerate(ordered, start=1):
            if Fraction(count, len(ordered)) >= Fraction(percent, 100):
                return latency
        return None

    def told(self, percent: int) -> int | None:
        """The percentile as it has to be told: of a histogram the middle of the part in which it lies.

        That is as far from both bounds, in parts of them; no less than the least, no more than the most.
        """
        exact = self.percentile(percent)
        if exact is None or self.is_single:
            return exact
        lower = BOUNDS[bisect_right(BOUNDS, exact) - 1] if exact else Fraction(0)
        middle = lower * 2 * GROWTH / (1 + GROWTH)
        return min(max(round(middle), self.latencies[0]), self.latencies[-1])

    @property
    def mean(self) -> int | None:
        ordered = self.latencies
        return round(sum(ordered) / len(ordered)) if ordered else None

    @property
    def ratio(self) -> Fraction | None:
        """The share of the measured time in which it was up; degraded is up, the unknown does not count."""
        up = sum((self.times.get(status, timedelta(0)) for status in ("up", "degraded")), timedelta(0))
        down = self.times.get("down", timedelta(0))
        microsecond = timedelta(microseconds=1)
        return Fraction(up // microsecond, (up + down) // microsecond) if up + down else None


def whole(buckets: list[Expected]) -> Expected:
    """All buckets as one."""
    found = Expected(buckets[0].since, buckets[-1].until)
    for bucket in buckets:
        found.checks += bucket.checks
        found.is_single = found.is_single and bucket.is_single
        for status, time in bucket.times.items():
            found.times[status] = found.times.get(status, timedelta(0)) + time
    return found


def buckets(
    changes: list[Change],
    checks: list[Checked],
    timespan: tuple[datetime, datetime],
    *,
    scale: str,
    zone: str,
    now: datetime,
    kept: Kept | None = None,
) -> list[Expected]:
    """The buckets that touch a time span, each whole or cut at now; `changes` as they were written.

    All that could be rolled up is, and of what is not `kept` of a level nothing is there.
    """
    since, until = timespan
    cuts = _kept_cuts(_cuts(since, min(until, now), scale, ZoneInfo(zone), now), kept or {})
    found = [Expected(*ends) for ends in pairwise(cuts)]
    for bucket in found:
        bucket.checks = [each for each in checks if bucket.since <= each.slot < bucket.until]
        bucket.times = times(changes, bucket.since, bucket.until)
        good = (each.slot for each in bucket.checks if each.kind == "ok")
        bucket.is_single = not any(_is_rolled_up(slot, bucket, kept or {}, now) for slot in good)
    return found


def _kept_cuts(cuts: list[datetime], kept: Kept) -> list[datetime]:
    """Where nothing so fine is kept, a bucket begins sooner; the last one ends later."""
    *begins, end = cuts
    step = _step_at(end, kept)
    after = _begin(end, step) if step else end
    if step and after < end:
        after += step
    moved = {_begin(each, step) if (step := _step_at(each, kept)) else each for each in begins}
    return sorted(moved | {after})


def _step_at(moment: datetime, kept: Kept) -> timedelta | None:
    """The finest that is known of a time; None where that is every check by itself."""
    for level, step in (("raw", None), ("quarter", LEVELS["quarter"]), ("hour", LEVELS["hour"])):
        if level not in kept or moment >= kept[level]:
            return step
    return LEVELS["day"]


def _is_rolled_up(slot: datetime, bucket: Expected, kept: Kept, now: datetime) -> bool:
    """Whether some level has a whole period around it, inside the bucket."""
    for level, length in LEVELS.items():
        begin = _begin(slot, length)
        is_inside = bucket.since <= begin and begin + length <= bucket.until
        is_kept = level not in kept or begin >= kept[level]
        if is_inside and is_kept and begin + length <= now - SETTLED_AFTER:
            return True
    return False


def _begin(moment: datetime, length: timedelta) -> datetime:
    """The begin of the period around it, counted in UTC."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // length * length


def times(changes: list[Change], since: datetime, until: datetime) -> dict[str, timedelta]:
    """How long each status held in [since, until): at any moment what was written last of the effective."""
    inside = {change.effective_at for change in changes if since < change.effective_at < until}
    moments = sorted({since, until} | inside)
    found: dict[str, timedelta] = {}
    for moment, after in pairwise(moments):
        effective = [change for change in changes if change.effective_at <= moment]
        if effective:
            status = effective[-1].status
            found[status] = found.get(status, timedelta(0)) + (after - moment)
    return found


def _cuts(since: datetime, until: datetime, scale: str, zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Walk from before `since` to after `until`, and cut wherever a bucket begins."""
    step = timedelta(minutes=1) if scale == "minute" else QUARTER
    far = {"minute": 2, "quarter": 30, "hour": 120, "day": 3000, "week": 12000, "month": 48000}[scale]
    seconds = step.total_seconds()
    begin = datetime.fromtimestamp((since.timestamp() // seconds) * seconds, UTC) - far * timedelta(minutes=1)
    begin = datetime.fromtimestamp((begin.timestamp() // seconds) * seconds, UTC)
    cuts, moment, before = [], begin, _name(begin, scale, zone)
    while moment < until + far * timedelta(minutes=1):
        moment += step
        name = _name(moment, scale, zone)
        if name != before:
            cuts.append(moment)
            before = name
    first = max(cut for cut in cuts if cut <= since)
    last = min(now, *(cut for cut in cuts if cut >= until))
    return [*(cut for cut in cuts if first <= cut < last), last]


def _name(moment: datetime, scale: str, zone: ZoneInfo) -> object:
    """What the bucket of a moment is called: two moments are in one bucket if it is called the same."""
    if scale in {"minute", "quarter", "hour"}:
        return math.floor(moment.timestamp() / {"minute": 60, "quarter": 900, "hour": 3600}[scale])
    there = moment.astimezone(zone)
    if scale == "week":
        return there.isocalendar()[:2]
    return (there.year, there.month, there.day) if scale == "day" else (there.year, there.month)
