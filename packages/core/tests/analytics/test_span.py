"""Spans out of what was written down: what was written later knows better."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.analytics.span import Known, Span, join_spans
from emeter_core.monitors import Status
from emeter_core.outcome import Reason

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(second: float) -> datetime:
    return BEGIN + second * SECOND


def known(status: Status, second: float, reason: Reason = Reason.OK) -> Known:
    return Known(status, at(second), reason)


rows = st.lists(st.builds(known, st.sampled_from(Status), st.integers(0, 100)), max_size=30)


def status_at(written: list[Known], moment: datetime) -> Status | None:
    """The definition: the newest row that is effective by then."""
    effective = [row for row in written if row.effective_at <= moment]
    return effective[-1].status if effective else None


@given(rows, st.integers(0, 60), st.integers(61, 120))
def test_at_every_moment_the_newest_row_that_is_effective_holds(
    written: list[Known], since: int, until: int
) -> None:
    spans = join_spans(reversed(written), since=at(since), until=at(until))
    for second in range(since, until):
        for moment in (at(second), at(second + 0.5)):
            holding = [span.status for span in spans if span.since <= moment < span.until]
            expected = status_at(written, moment)
            assert holding == ([] if expected is None else [expected])


@given(rows, st.one_of(st.none(), st.integers(0, 60)), st.integers(61, 120))
def test_spans_are_in_order_do_not_overlap_and_lie_within_the_time_asked_for(
    written: list[Known], since: int | None, until: int
) -> None:
    begin = None if since is None else at(since)
    spans = join_spans(reversed(written), since=begin, until=at(until))
    assert all(span.since < span.until for span in spans)
    assert all(one.until == other.since for one, other in pairwise(spans))
    assert all(one.status is not other.status for one, other in pairwise(spans))
    if spans:
        assert spans[-1].until == at(until)
        assert begin is None or spans[0].since >= begin


def test_the_open_span_goes_on_until_now() -> None:
    assert join_spans([known(Status.UP, 10)], since=at(0), until=at(60)) == [
        Span(Status.UP, at(10), at(60), Reason.OK)
    ]


def test_a_verdict_reaches_back_to_its_first_failure() -> None:
    written = [known(Status.UP, 0), known(Status.NO_DATA, 50), known(Status.DOWN, 40, Reason.TIMEOUT)]
    assert join_spans(reversed(written), since=at(0), until=at(60)) == [
        Span(Status.UP, at(0), at(40), Reason.OK),
        Span(Status.DOWN, at(40), at(60), Reason.TIMEOUT),
    ]


def test_a_first_check_whose_slot_was_cut_ends_pending() -> None:
    written = [known(Status.PENDING, 1.0004), known(Status.UP, 1)]
    assert join_spans(reversed(written), since=at(0), until=at(60)) == [
        Span(Status.UP, at(1), at(60), Reason.OK)
    ]


def test_equal_neighbours_are_one_span_with_the_reason_of_its_begin() -> None:
    written = [known(Status.DOWN, 10, Reason.TIMEOUT), known(Status.DOWN, 20, Reason.UNEXPECTED_CODE)]
    assert join_spans(reversed(written), since=at(0), until=at(30)) == [
        Span(Status.DOWN, at(10), at(30), Reason.TIMEOUT)
    ]


def test_what_is_yet_to_come_is_left_out() -> None:
    assert join_spans([known(Status.UP, 70)], since=at(0), until=at(60)) == []
