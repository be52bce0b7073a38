"""Bars: each slot shows the worst that was in it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.analytics import Span, bars
from emeter_core.analytics.bars import WORST_FIRST, Bar
from emeter_core.monitors import Status
from emeter_core.outcome import Reason

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def span(status: Status, since: float, until: float) -> Span:
    return Span(status, BEGIN + since * MINUTE, BEGIN + until * MINUTE, Reason.OK)


@st.composite
def histories(draw: st.DrawFn) -> list[Span]:
    """Spans in order, with or without holes between them, around the day that is drawn."""
    moments = sorted(draw(st.lists(st.integers(-600, 2000), max_size=20, unique=True)))
    pairs = pairwise(moments)
    return [span(draw(st.sampled_from(Status)), *pair) for pair in pairs if draw(st.booleans())]


@given(histories(), st.integers(1, 60), st.integers(1, 60 * 24 * 60))
def test_a_bar_is_the_worst_that_its_slot_touches(spans: list[Span], slots: int, seconds: int) -> None:
    until = BEGIN + timedelta(seconds=seconds)
    drawn = bars(spans, since=BEGIN, until=until, slots=slots)
    assert len(drawn) == slots
    edges = [bar.since for bar in drawn] + [until]
    for bar, (begin, end) in zip(drawn, pairwise(edges), strict=True):
        inside = [each.status for each in spans if each.since < end and each.until > begin]
        assert bar.status == min(inside, key=WORST_FIRST.index, default=None)


@given(st.integers(1, 100), st.integers(1, 10**12))
def test_slots_are_equally_long_to_the_microsecond(slots: int, microseconds: int) -> None:
    length = timedelta(microseconds=microseconds)
    edges = [bar.since for bar in bars([], since=BEGIN, until=BEGIN + length, slots=slots)] + [BEGIN + length]
    lengths = [(end - begin) * slots for begin, end in pairwise(edges)]
    assert all(abs(each - length) <= slots * slots * timedelta(microseconds=1) for each in lengths)


def test_a_day_has_48_bars_of_half_an_hour() -> None:
    drawn = bars([span(Status.UP, 0, 1440)], since=BEGIN, until=BEGIN + DAY)
    assert drawn == [Bar(Status.UP, BEGIN + number * 30 * MINUTE) for number in range(48)]


def test_a_failure_of_a_moment_is_seen_in_its_slot_alone() -> None:
    spans = [span(Status.UP, 0, 61), span(Status.DOWN, 61, 61.001), span(Status.UP, 61.001, 1440)]
    drawn = bars(spans, since=BEGIN, until=BEGIN + DAY)
    assert [bar.status for bar in drawn].index(Status.DOWN) == 2
    assert [bar.status for bar in drawn].count(Status.DOWN) == 1


def test_what_begins_at_an_edge_is_not_in_the_slot_before() -> None:
    spans = [span(Status.UP, 0, 30), span(Status.DOWN, 30, 60), span(Status.UP, 60, 90)]
    drawn = bars(spans, since=BEGIN, until=BEGIN + 90 * MINUTE, slots=3)
    assert [bar.status for bar in drawn] == [Status.UP, Status.DOWN, Status.UP]


def test_where_the_monitor_did_not_exist_there_is_no_status() -> None:
    drawn = bars([span(Status.PENDING, 60, 90)], since=BEGIN, until=BEGIN + 90 * MINUTE, slots=3)
    assert [bar.status for bar in drawn] == [None, None, Status.PENDING]


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (Status.DOWN, Status.DEGRADED),
        (Status.DEGRADED, Status.NO_DATA),
        (Status.NO_DATA, Status.UP),
        (Status.UP, Status.PENDING),
        (Status.UP, Status.PAUSED),
    ],
)
def test_trouble_beats_the_unknown_and_that_what_is_well(worse: Status, better: Status) -> None:
    spans = [span(better, 0, 29), span(worse, 29, 30)]
    assert bars(spans, since=BEGIN, until=BEGIN + 30 * MINUTE, slots=1) == [Bar(worse, BEGIN)]


def test_every_status_has_its_place() -> None:
    assert sorted(WORST_FIRST) == sorted(Status)
