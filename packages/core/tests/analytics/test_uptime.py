"""Uptime: weighed by time, of what was measured."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.analytics import Span, Uptime, uptime
from emeter_core.analytics.uptime import DOWN, UP
from emeter_core.monitors import Status
from emeter_core.outcome import Reason

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNKNOWN = set(Status) - UP - DOWN


def in_a_row(*parts: tuple[Status, timedelta]) -> list[Span]:
    spans, moment = [], BEGIN
    for status, length in parts:
        spans.append(Span(status, moment, moment + length, Reason.OK))
        moment += length
    return spans


parts = st.lists(
    st.tuples(st.sampled_from(Status), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40))),
    max_size=20,
)


@given(parts)
def test_measured_and_unknown_add_up_to_the_whole(drawn: list[tuple[Status, timedelta]]) -> None:
    found = uptime(in_a_row(*drawn))
    unknown = sum((length for status, length in drawn if status in UNKNOWN), timedelta(0))
    assert found.measured + unknown == sum((length for _, length in drawn), timedelta(0))
    assert found.down == sum((length for status, length in drawn if status is Status.DOWN), timedelta(0))


@given(parts)
def test_the_ratio_is_the_share_of_the_measured_time(drawn: list[tuple[Status, timedelta]]) -> None:
    ratio, down, measured = uptime(in_a_row(*drawn))
    if not measured:
        assert ratio is None
    else:
        assert ratio is not None
        assert 0 <= ratio <= 1
        assert abs(ratio - (1 - down / measured)) < 1e-12
        assert (ratio == 1) == (not down)


@given(parts)
def test_the_order_of_the_parts_does_not_matter(drawn: list[tuple[Status, timedelta]]) -> None:
    assert uptime(in_a_row(*drawn)) == uptime(in_a_row(*reversed(drawn)))


def test_degraded_is_up() -> None:
    found = uptime(in_a_row((Status.UP, HOUR), (Status.DEGRADED, HOUR), (Status.DOWN, 2 * HOUR)))
    assert found == Uptime(0.5, 2 * HOUR, 4 * HOUR)


def test_what_is_unknown_counts_neither_as_up_nor_as_down() -> None:
    for status in UNKNOWN:
        spans = in_a_row((Status.UP, 3 * HOUR), (status, 100 * HOUR), (Status.DOWN, HOUR))
        assert uptime(spans) == Uptime(0.75, HOUR, 4 * HOUR)


def test_where_nothing_was_measured_there_is_no_ratio() -> None:
    assert uptime([]) == Uptime(None, timedelta(0), timedelta(0))
    assert uptime(in_a_row((Status.PENDING, HOUR), (Status.PAUSED, HOUR))).ratio is None


def test_a_microsecond_down_in_a_year_is_not_all_the_time_up() -> None:
    year = timedelta(days=365)
    found = uptime(in_a_row((Status.UP, year), (Status.DOWN, timedelta(microseconds=1))))
    assert found.ratio is not None
    assert found.ratio < 1
