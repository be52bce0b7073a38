"""All that analytics tells of a monitor, held against what it has to be."""

from datetime import timedelta

import oracle
from histories import SCALES, History
from sqlalchemy.orm import Session

from emeter_core import analytics
from emeter_core.analytics import Bucket, Scale, Timespan
from emeter_core.monitors import Monitor
from emeter_core.scope import Scope

WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
_FEW_MINUTES = timedelta(hours=12)
"""Of more than that the buckets of a minute are too many to look at each time."""


def hold_against_the_oracle(
    session: Session, scope: Scope, monitor: Monitor, history: History, kept: oracle.Kept | None = None
) -> None:
    """Compare results in buckets of every scale, and uptimes; rollups were made at the end of `history`."""
    length = history.now - history.start
    for scale, (begin, share) in zip(SCALES, history.asked, strict=True):
        since = history.start + begin * length
        timespan = Timespan(since, since + share * length + timedelta(minutes=1))
        if scale != "minute" or length < _FEW_MINUTES:
            _hold_results(session, scope, monitor, history, timespan, Scale(scale), kept)
    found = analytics.uptimes(session, scope, [monitor.id], windows=WINDOWS, now=history.now)[monitor.id]
    for name, window in WINDOWS.items():
        wanted = oracle.Expected(history.now - window, history.now)
        wanted.times = oracle.times(history.changes, wanted.since, wanted.until)
        _compare_uptime(found[name], wanted)


def _hold_results(
    session: Session,
    scope: Scope,
    monitor: Monitor,
    history: History,
    timespan: Timespan,
    scale: Scale,
    kept: oracle.Kept | None,
) -> None:
    found = analytics.results(session, scope, monitor, timespan, scale, now=history.now)
    expected = oracle.buckets(
        *(history.changes, history.checks, timespan),
        scale=scale.value,
        zone=history.zone,
        now=history.now,
        kept=kept,
    )
    assert [(bucket.since, bucket.until) for bucket in found.buckets] == [
        (bucket.since, bucket.until) for bucket in expected
    ]
    for bucket, wanted in zip(found.buckets, expected, strict=True):
        _compare(bucket, wanted)
    assert found.whole is not None
    _compare(found.whole, oracle.whole(expected))


def _compare(bucket: Bucket, wanted: oracle.Expected) -> None:
    kinds = [each.kind for each in wanted.checks]
    assert (bucket.checks, bucket.ok, bucket.failures) == (
        len(kinds),
        kinds.count("ok"),
        kinds.count("down"),
    )
    assert {status.value: time for status, time in bucket.times.items()} == wanted.times
    _compare_uptime(bucket.uptime, wanted)
    ordered = wanted.latencies
    assert (bucket.least, bucket.most) == ((ordered[0], ordered[-1]) if ordered else (None, None))
    assert bucket.mean == wanted.mean
    assert bucket.is_exact == wanted.is_single
    told = (bucket.p50, bucket.p90, bucket.p95, bucket.p99)
    assert told == tuple(wanted.told(percent) for percent in (50, 90, 95, 99))


def _compare_uptime(told: analytics.Uptime, wanted: oracle.Expected) -> None:
    assert told.down == wanted.times.get("down", timedelta(0))
    # Both are the float that is nearest to the fraction.
    assert told.ratio == (None if wanted.ratio is None else float(wanted.ratio))
