"""Latency over time, as a chart draws it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from emeter_core.analytics.bucket import Bucket, joined
from emeter_core.analytics.results import results_between
from emeter_core.analytics.scale import Scale, Timespan, edges, zone_of
from emeter_core.monitors.monitor import Monitor
from emeter_core.outcome import Phases
from emeter_core.rollups import QUARTER
from emeter_core.scope import Scope

_NO_PHASES = (None,) * len(Phases._fields)
# The finest that makes no more buckets than a chart has room for.
_SCALES = (
    (timedelta(hours=2), Scale.MINUTE),
    (timedelta(hours=36), Scale.QUARTER),
    (timedelta(days=8), Scale.HOUR),
)


class Percentiles(NamedTuple):
    """Of the checks that succeeded and whose length is known, in microseconds; `checks` counts those.

    All are of the same checks, and None where there was none.
    """

    p50: int | None
    p95: int | None
    p99: int | None
    mean: int | None
    checks: int


NO_PERCENTILES = Percentiles(None, None, None, None, 0)


@dataclass(frozen=True, slots=True)
class Latency:
    """Columns of equal length, one entry a bucket: `at` its begin, the phases as means in microseconds.

    Only checks that succeeded, and whose length is known, have a say in the means; None where a bucket has
    none. `checks` counts all, `failures` those that found the target down. `percentiles` are those of the
    time they were asked for. Buckets are of one length, `until` the end of the last one: a little later than
    now.
    """

    at: list[datetime]
    until: datetime
    dns: list[int | None]
    connect: list[int | None]
    tls: list[int | None]
    wait: list[int | None]
    transfer: list[int | None]
    checks: list[int]
    failures: list[int]
    percentiles: Percentiles

    @property
    def since(self) -> datetime:
        """The begin of the first bucket, not later than what was asked for."""
        return self.at[0]


def latency(
    session: Session,
    scope: Scope,
    monitor: Monitor,
    *,
    since: datetime,
    now: datetime,
    told_since: datetime | None = None,
) -> Latency:
    """The phases of a monitor's checks from `since` until `now`, in buckets of a minute up to a day.

    Percentiles are those from the quarter of `told_since` on, be that before or after `since`: for both
    together the database is asked once.
    """
    scale = next((scale for length, scale in _SCALES if now - since <= length), Scale.DAY)
    cuts = edges(Timespan(since, now), scale, zone_of(scope.team.time_zone), now=now)
    told_from = QUARTER.floor(told_since) if told_since else cuts[0]
    found = results_between(session, scope, monitor, sorted({*cuts, told_from}), with_times=False).buckets
    told = [bucket for bucket in found if bucket.since >= told_from]
    buckets = list(_charted(found, cuts, told_from))
    phases = [bucket.phases or _NO_PHASES for bucket in buckets]
    dns, connect, tls, wait, transfer = (list(column) for column in zip(*phases, strict=True))
    return Latency(
        *([bucket.since for bucket in buckets], _end(buckets), dns, connect, tls, wait, transfer),
        checks=[bucket.checks for bucket in buckets],
        failures=[bucket.failures for bucket in buckets],
        percentiles=_percentiles(joined(told)) if told else NO_PERCENTILES,
    )


def _charted(found: Sequence[Bucket], cuts: Sequence[datetime], told_from: datetime) -> Iterator[Bucket]:
    """The buckets without the edge `told_from`, and without what lies before the first of `cuts`."""
    if told_from < cuts[0]:
        found = [bucket for bucket in found if bucket.since >= cuts[0]]
    before: Bucket | None = None
    for bucket in found:
        if before is not None and bucket.since == told_from and told_from not in cuts:
            before = joined([before, bucket])
            continue
        if before is not None:
            yield before
        before = bucket
    if before is not None:
        yield before


def _end(buckets: Sequence[Bucket]) -> datetime:
    """Where the last bucket would end if it were whole."""
    first, last = buckets[0], buckets[-1]
    return max(last.until, last.since + (first.until - first.since))


def _percentiles(whole: Bucket) -> Percentiles:
    p50, p95, p99 = whole.percentiles(0.5, 0.95, 0.99)
    return Percentiles(p50, p95, p99, whole.mean, whole.timed)
