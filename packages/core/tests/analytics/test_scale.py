"""Scales: buckets that are whole, by the clock and the calendar of a time zone, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.analytics import Scale, Timespan
from emeter_core.analytics.scale import edges
from emeter_core.checks import from_us

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
NOW = datetime(2100, 1, 1, tzinfo=UTC)
# From 2005 to 2035.
MOMENTS = st.integers(1_104_537_600_000_000, 2_051_222_400_000_000).map(from_us)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def cut(
    since: datetime, until: datetime, scale: Scale, zone: str = "UTC", now: datetime = NOW
) -> list[datetime]:
    return edges(Timespan(since, until), scale, ZoneInfo(zone), now=now)


@given(
    MOMENTS,
    st.timedeltas(timedelta(microseconds=1), timedelta(hours=40)),
    st.sampled_from(Scale),
    st.sampled_from(ZONES),
)
def test_buckets_cover_all_that_is_asked_for_and_nothing_that_is_not_touched(
    since: datetime, length: timedelta, scale: Scale, zone: str
) -> None:
    found = cut(since, since + length, scale, zone)
    assert found == sorted(set(found))
    assert found[0] <= since < found[1]
    assert found[-2] < since + length <= found[-1]


@given(
    MOMENTS,
    st.sampled_from((Scale.DAY, Scale.WEEK, Scale.MONTH)),
    st.sampled_from(ZONES),
)
def test_days_weeks_and_months_begin_with_the_first_instant_of_their_first_day(
    since: datetime, scale: Scale, zone: str
) -> None:
    for edge in cut(since, since + 70 * DAY, scale, zone):
        there, before = (
            moment.astimezone(ZoneInfo(zone)) for moment in (edge, edge - timedelta(microseconds=1))
        )
        assert there.date() > before.date()
        assert scale is not Scale.WEEK or there.weekday() == 0
        assert scale is not Scale.MONTH or there.day == 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", datetime(2026, 3, 29, tzinfo=UTC), 24),
        ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC), 25),
        ("America/New_York", datetime(2026, 11, 1, 12, tzinfo=UTC), 25),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 20, tzinfo=UTC), 24.5),
        ("Africa/Cairo", datetime(2026, 4, 24, tzinfo=UTC), 23),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: datetime, hours: float) -> None:
    begin, end = cut(day + HOUR, day + 2 * HOUR, Scale.DAY, zone)
    assert (end - begin) / HOUR == hours


def test_a_day_that_a_zone_left_out_is_no_bucket() -> None:
    # Samoa went from the 29th to the 31st of December 2011.
    since = datetime(2011, 12, 29, 12, tzinfo=UTC)
    lengths = {
        after - before for before, after in pairwise(cut(since, since + 3 * DAY, Scale.DAY, "Pacific/Apia"))
    }
    assert lengths == {DAY}


def test_months_end_when_they_end() -> None:
    found = cut(datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC), Scale.MONTH)
    assert [(after - before).days for before, after in pairwise(found)] == [31, 31, 29]


def test_the_last_bucket_ends_now() -> None:
    now = datetime(2026, 11, 23, 12, 7, tzinfo=UTC)
    for scale in Scale:
        found = cut(now - DAY, now + DAY, scale, "Europe/Berlin", now)
        assert found[-1] == now
        assert found[-2] < now


def test_without_time_there_are_no_buckets() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert cut(now, now, Scale.DAY) == []
    assert cut(now + DAY, now + 2 * DAY, Scale.DAY, now=now) == []


def test_nobody_gets_a_million_buckets() -> None:
    with pytest.raises(ValueError, match="coarser"):
        cut(NOW - 4 * DAY, NOW, Scale.MINUTE)
