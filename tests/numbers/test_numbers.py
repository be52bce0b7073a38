"""Percentages, lengths and percentiles are those of an independent recomputation (see `oracle`).

`make soak` draws 2,000 histories, every run 120.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import oracle
import pytest
from histories import SCALES, History, histories
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert
from sqlalchemy.orm import Session

from emeter_core import analytics
from emeter_core.analytics import Bucket, Scale, Timespan
from emeter_core.checks import Result
from emeter_core.incidents import StatusChange
from emeter_core.monitors import Monitor, Probe
from emeter_core.outcome import Reason
from emeter_core.rollups.dirty import Late, mark_dirty
from emeter_core.scope import Scope

ERROR = 0.025
REASONS = {"ok": Reason.OK, "down": Reason.TIMEOUT, "other": Reason.NETWORK_UNAVAILABLE}
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

# A machine that is busy with something else proves nothing against us.
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=120)
@given(history=histories())
def test_figures_are_those_of_an_independent_recomputation(numbers, history) -> None:
    hold_against_the_oracle(*numbers, history)


@pytest.mark.soak
@settings(QUIET, max_examples=2000)
@given(history=histories())
def test_figures_of_two_thousand_histories_are_those_of_an_independent_recomputation(
    numbers, history
) -> None:
    hold_against_the_oracle(*numbers, history)


def hold_against_the_oracle(session: Session, scope: Scope, history: History) -> None:
    scope.team.time_zone = history.zone
    length = history.now - history.start
    with taken_back(session):
        monitor = live_through(session, scope, history)
        for scale, (begin, share) in zip(SCALES, history.asked, strict=True):
            since = history.start + begin * length
            timespan = Timespan(since, since + share * length + timedelta(minutes=1))
            if scale != "minute" or length < timedelta(hours=12):
                hold_results_against_the_oracle(session, scope, monitor, history, timespan, scale)
        hold_uptimes_against_the_oracle(session, scope, monitor, history)


def hold_results_against_the_oracle(
    session: Session, scope: Scope, monitor: Monitor, history: History, timespan: Timespan, scale: str
) -> None:
    found = analytics.results(session, scope, monitor, timespan, Scale(scale), now=history.now)
    expected = oracle.buckets(
        history.changes, history.checks, timespan, scale=scale, zone=history.zone, now=history.now
    )
    assert [(bucket.since, bucket.until) for bucket in found.buckets] == [
        (bucket.since, bucket.until) for bucket in expected
    ]
    for bucket, wanted in zip(found.buckets, expected, strict=True):
        compare(bucket, wanted)
    assert found.whole is not None
    compare(found.whole, oracle.whole(expected))


def hold_uptimes_against_the_oracle(
    session: Session, scope: Scope, monitor: Monitor, history: History
) -> None:
    found = analytics.uptimes(session, scope, [monitor.id], windows=WINDOWS, now=history.now)[monitor.id]
    for name, window in WINDOWS.items():
        wanted = oracle.Expected(history.now - window, history.now)
        wanted.times = oracle.times(history.changes, wanted.since, wanted.until)
        compare_uptime(found[name], wanted)


def compare(bucket: Bucket, wanted: oracle.Expected) -> None:
    kinds = [each.kind for each in wanted.checks]
    assert (bucket.checks, bucket.ok, bucket.failures) == (
        len(kinds),
        kinds.count("ok"),
        kinds.count("down"),
    )
    assert {status.value: time for status, time in bucket.times.items()} == wanted.times
    compare_uptime(bucket.uptime, wanted)
    ordered = wanted.latencies
    assert (bucket.least, bucket.most) == ((ordered[0], ordered[-1]) if ordered else (None, None))
    assert bucket.mean == wanted.mean
    for percent, told in ((50, bucket.p50), (90, bucket.p90), (95, bucket.p95), (99, bucket.p99)):
        exact = wanted.percentile(percent)
        if bucket.is_exact or exact is None:
            assert told == exact
        else:
            # Half a microsecond more, for whole ones are told.
            assert told is not None
            assert abs(told - exact) <= ERROR * exact + 0.5


def compare_uptime(told: analytics.Uptime, wanted: oracle.Expected) -> None:
    assert told.down == wanted.times.get("down", timedelta(0))
    if wanted.ratio is None:
        assert told.ratio is None
    else:
        assert told.ratio == pytest.approx(float(wanted.ratio), abs=1e-12)
        assert (told.ratio == 1) == (wanted.ratio == 1)


def live_through(session: Session, scope: Scope, history: History) -> Monitor:
    """Write all down in the order in which it became known, with rollups made in between and at the end."""
    monitor = Monitor(
        team_id=scope.team.id,
        name="A monitor",
        kind="http",
        target="http://example.com/",
        interval_seconds=60,
        timeout_seconds=10,
        down_after=3,
        up_after=2,
        settings={},
        version=1,
        condition="up",
        condition_since=history.start,
        inserted_at=history.start,
        updated_at=history.start,
    )
    session.add(monitor)
    session.flush()
    probe = Probe(
        monitor_id=monitor.id,
        location_id=1,
        interval_ms=60_000,
        timeout_ms=10_000,
        next_slot=history.now,
        enabled=True,
    )
    session.add(probe)
    session.flush()
    moment = history.start - timedelta(seconds=1)
    for look in (*history.looks, history.now):
        changes = [each for each in history.changes if moment < each.recorded_at <= look]
        write_changes(session, monitor, changes)
        write_checks(
            session, monitor, probe, [each for each in history.checks if moment < each.recorded_at <= look]
        )
        while analytics.roll_up(session, now=look):
            pass
        moment = look
    return monitor


def write_changes(session: Session, monitor: Monitor, changes: list[oracle.Change]) -> None:
    for each in changes:
        overlay = each.status if each.status in {"paused", "maintenance", "unreachable"} else None
        row = {
            "team_id": monitor.team_id,
            "monitor_id": monitor.id,
            "effective_at": each.effective_at,
            "recorded_at": each.recorded_at,
            "reason": Reason.OK,
            "condition": "up" if overlay else each.status,
        }
        session.execute(insert(StatusChange).values(row | ({overlay: True} if overlay else {})))
        mark_dirty(session, [Late(monitor.id, each.effective_at)], now=each.recorded_at)


def write_checks(session: Session, monitor: Monitor, probe: Probe, checks: list[oracle.Checked]) -> None:
    rows = [
        {
            "slot": each.slot,
            "probe_id": probe.id,
            "total_us": each.total_us,
            "late_ms": 0,
            "reason": REASONS[each.kind],
            "code": 200,
            "phases": struct.pack(">4H", 0, 0, 0, 0),
        }
        for each in checks
    ]
    if rows:
        session.execute(insert(Result), rows)
    for each in checks:
        mark_dirty(session, [Late(monitor.id, each.slot)], checks=True, now=each.recorded_at)


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        session.expunge_all()
