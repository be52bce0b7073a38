from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.charts.paths import round_up
from emeter_web.charts.times import marks

NOW = datetime(2026, 11, 23, 14, 32, 8, tzinfo=UTC)


def test_a_day_is_told_in_full_hours() -> None:
    words = [word for _, word, _ in marks(NOW - timedelta(hours=24), NOW)]

    assert words == ["18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00"]


def test_longer_spans_are_told_in_days() -> None:
    assert [word for _, word, _ in marks(NOW - timedelta(days=7), NOW)][:2] == ["17 Nov", "18 Nov"]


def test_every_other_word_is_left_out_where_there_is_little_room() -> None:
    classes = [each for *_, each in marks(NOW - timedelta(hours=24), NOW)]

    assert classes == [" alt", ""] * 3 + [" alt"]


def test_the_last_word_is_left_out_where_it_would_run_into_now() -> None:
    """At 94 percent: of 1,150 px that is far enough from the end, of 650 it is not."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    until = noon + timedelta(hours=24 * 0.06)
    assert [*marks(until - timedelta(hours=24), until)][-1] == (94, "12:00", " alt edge")


@given(st.timedeltas(timedelta(minutes=5), timedelta(days=800)))
def test_words_are_few_and_apart(span: timedelta) -> None:
    places = [x for x, _, _ in marks(NOW - span, NOW)]

    assert len(places) <= 9
    assert all(4 <= x <= 95 for x in places)
    assert all(right - left >= 7 for left, right in pairwise(places))


@given(st.floats(1e-3, 1e12))
def test_a_scale_ends_on_a_round_figure_not_far_above(value: float) -> None:
    end = round_up(value)

    assert value * 0.999 <= end <= value * 1.5
