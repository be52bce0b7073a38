"""Results: the history of a monitor in buckets, out of whatever holds it (the figures: see tests/numbers)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from emeter_core.analytics import Results, Scale, Timespan, results
from emeter_core.analytics.roll_up_sql import TIMES
from emeter_core.monitors import Monitor, Status
from emeter_core.outcome import Phases, Reason
from emeter_core.rollups import DayRollup

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def watched(add_monitor, change, checked, noon) -> Monitor:
    """Made at eight, up a minute later, down from ten until half past; checked every minute until noon."""
    monitor: Monitor = add_monitor(now=noon - 4 * HOUR)
    change(monitor, "up", noon - 4 * HOUR + MINUTE)
    change(monitor, "down", noon - 2 * HOUR, reason=Reason.TIMEOUT)
    change(monitor, "up", noon - 1.5 * HOUR)
    for minute in range(240):
        slot = noon - 4 * HOUR + minute * MINUTE
        is_down = noon - 2 * HOUR <= slot < noon - 1.5 * HOUR
        phases = Phases(10, 20, 0, 1000 * (minute % 60), 70)
        checked(monitor, slot, reason=Reason.TIMEOUT if is_down else Reason.OK, phases=phases)
    return monitor


def test_buckets_tell_what_was(session, alice, watched, noon) -> None:
    found = results(session, alice, watched, Timespan(noon - 4 * HOUR, noon), Scale.HOUR, now=noon)
    assert [bucket.since for bucket in found.buckets] == [noon - number * HOUR for number in (4, 3, 2, 1)]
    first, _, third, _ = found.buckets
    assert (first.checks, first.ok, first.failures) == (60, 60, 0)
    assert first.times == {Status.PENDING: MINUTE, Status.UP: HOUR - MINUTE}
    assert (third.checks, third.ok, third.failures) == (60, 30, 30)
    assert third.times == {Status.DOWN: HOUR / 2, Status.UP: HOUR / 2}
    assert (third.uptime.ratio, third.uptime.down) == (0.5, HOUR / 2)
    assert (first.p50, first.p90, first.p95, first.p99) == (29_100, 53_100, 56_100, 59_100)
    assert (first.least, first.most, first.mean) == (100, 59_100, 29_600)
    assert found.whole is not None
    assert (found.whole.since, found.whole.until) == (noon - 4 * HOUR, noon)
    assert (found.whole.checks, found.whole.failures, found.whole.uptime.down) == (240, 30, HOUR / 2)


def test_phases_are_means_of_what_succeeded(session, alice, watched, noon) -> None:
    [bucket] = results(session, alice, watched, Timespan(noon - HOUR, noon), Scale.HOUR, now=noon).buckets
    assert bucket.phases is not None
    assert bucket.phases[:3] == (10, 20, 0)
    assert bucket.phases.wait == pytest.approx(29_500, rel=0.0002)
    assert bucket.phases.total == bucket.mean


@pytest.mark.parametrize("scale", [Scale.QUARTER, Scale.HOUR, Scale.DAY, Scale.WEEK, Scale.MONTH])
def test_rollups_tell_the_same_as_what_they_are_made_of(
    session, alice, watched, rolled_up, noon, scale: Scale
) -> None:
    def read() -> Results:
        return results(
            session, alice, watched, Timespan(noon - 4 * HOUR, noon), scale, now=noon + 20 * MINUTE
        )

    before = read()
    rolled_up(noon + 20 * MINUTE)
    session.execute(text("DELETE FROM results"))
    after = read()
    assert before.whole is not None
    assert before.whole.is_exact
    for one, other in zip([*before.buckets, before.whole], [*after.buckets, after.whole], strict=True):
        assert other is not None
        assert (one.times, one.checks, one.ok, one.failures) == (
            other.times,
            other.checks,
            other.ok,
            other.failures,
        )
        assert (one.least, one.most, one.mean) == (other.least, other.most, other.mean)
        for exact, told in zip((one.p50, one.p99), (other.p50, other.p99), strict=True):
            assert told == (None if exact is None else pytest.approx(exact, rel=0.025))
    assert not after.whole.is_exact


def test_minutes_are_told_by_single_results(session, alice, watched, rolled_up, noon) -> None:
    rolled_up(noon + 20 * MINUTE)
    found = results(session, alice, watched, Timespan(noon - HOUR, noon), Scale.MINUTE, now=noon)
    assert [bucket.checks for bucket in found.buckets] == [1] * 60
    assert [bucket.p50 for bucket in found.buckets][:3] == [100, 1100, 2100]
    assert {tuple(bucket.times.items()) for bucket in found.buckets} == {((Status.UP, MINUTE),)}


def test_days_are_those_of_the_team(session, alice, watched, noon) -> None:
    alice.team.time_zone = "Pacific/Kiritimati"
    midnight = noon - 2 * HOUR
    found = results(session, alice, watched, Timespan(noon - 4 * HOUR, noon), Scale.DAY, now=noon)
    assert [(bucket.since, bucket.until) for bucket in found.buckets] == [
        (midnight - DAY, midnight),
        (midnight, noon),
    ]
    assert [bucket.checks for bucket in found.buckets] == [120, 120]


def test_before_it_was_made_there_is_nothing(session, alice, watched, noon) -> None:
    found = results(session, alice, watched, Timespan(noon - 9 * HOUR, noon - 5 * HOUR), Scale.HOUR, now=noon)
    assert found.whole is not None
    assert (found.whole.checks, found.whole.times, found.whole.p50, found.whole.phases) == (0, {}, None, None)
    assert found.whole.uptime.ratio is None
    assert len(found.buckets) == 4


def test_what_is_to_come_has_no_bucket(session, alice, watched, noon) -> None:
    found = results(session, alice, watched, Timespan(noon, noon + DAY), Scale.HOUR, now=noon)
    assert (found.buckets, found.whole) == ([], None)


def test_what_was_purged_is_told_by_what_is_left(session, alice, watched, rolled_up, noon) -> None:
    rolled_up(noon + 20 * MINUTE)
    session.execute(text("DELETE FROM results"))
    session.execute(text("DELETE FROM rollups_quarter"))
    session.execute(
        text("UPDATE rollups_progress SET kept_since = :kept WHERE level IN ('raw', 'quarter')"),
        {"kept": noon},
    )
    found = results(
        session, alice, watched, Timespan(noon - 3.9 * HOUR, noon - 1.1 * HOUR), Scale.MINUTE, now=noon + HOUR
    )
    assert [(bucket.until - bucket.since, bucket.checks) for bucket in found.buckets] == [(HOUR, 60)] * 3


def test_a_stranger_is_told_nothing(session, charlie, watched, rolled_up, noon) -> None:
    for _ in range(2):
        found = results(session, charlie, watched, Timespan(noon - DAY, noon), Scale.HOUR, now=noon)
        assert found.whole is not None
        assert (found.whole.checks, found.whole.times) == (0, {})
        rolled_up(noon + 20 * MINUTE)


def test_every_status_has_its_column() -> None:
    columns = {column.name for column in DayRollup.__table__.columns if column.name.endswith("_us")}
    assert set(TIMES.values()) <= columns
    assert len(set(TIMES.values())) == len(Status)


def test_a_far_zone_of_time_is_no_surprise(session, alice, watched) -> None:
    long_ago = datetime(1995, 1, 1, tzinfo=UTC)
    found = results(
        session, alice, watched, Timespan(long_ago, long_ago + DAY), Scale.DAY, now=long_ago + 9 * DAY
    )
    assert found.whole is not None
    assert found.whole.times == {}
