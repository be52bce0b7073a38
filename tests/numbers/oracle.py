"""What a history adds up to, computed anew: by hand, from its definition, with nothing of ours.

It knows plain lists alone, walks through time in steps, and is slow. A quarter hour is its finest step for
days: no time zone has had another offset since 1972.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Change:
    """From `effective_at` on the monitor had `status`; written down at `recorded_at`."""

    effective_at: datetime
    recorded_at: datetime
    status: str


@dataclass(frozen=True)
class Checked:
    """A result; `kind` is ok, down or other."""

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

    @property
    def latencies(self) -> list[int]:
        return sorted(each.total_us for each in self.checks if each.kind == "ok")

    def percentile(self, percent: int) -> int | None:
        """The smallest latency that at least so many percent of all do not exceed."""
        ordered = self.latencies
        for count, latency in enumerate(ordered, start=1):
            if Fraction(count, len(ordered)) >= Fraction(percent, 100):
                return latency
        return None

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
) -> list[Expected]:
    """The buckets that touch a time span, each whole or cut at now; `changes` as they were written."""
    since, until = timespan
    cuts = _cuts(since, min(until, now), scale, ZoneInfo(zone), now)
    found = [Expected(*ends) for ends in pairwise(cuts)]
    for bucket in found:
        bucket.checks = [each for each in checks if bucket.since <= each.slot < bucket.until]
        bucket.times = times(changes, bucket.since, bucket.until)
    return found


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
