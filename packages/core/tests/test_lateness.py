"""The histogram of lateness."""

import json

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.processes import Histogram

values = st.lists(st.integers(0, 10**9), min_size=1, max_size=200)


@given(values, st.floats(0.01, 1))
def test_a_percentile_is_never_too_low_and_at_most_a_tenth_too_high(late: list[int], share: float) -> None:
    histogram = Histogram()
    for each in late:
        histogram.add(each)
    exact = sorted(late)[max(0, -int(-share * len(late) // 1) - 1)]
    assert exact <= histogram.percentile(share) <= exact * 1.1 + 2


def test_the_maximum_is_exact() -> None:
    histogram = Histogram()
    for each in (3, 70_001, 12):
        histogram.add(each)
    assert histogram.maximum == 70_001
    assert histogram.percentile(1) == 70_001


def test_an_empty_histogram_has_zeros() -> None:
    assert Histogram().percentile(0.99) == 0


def test_what_was_never_late_is_zero() -> None:
    histogram = Histogram()
    histogram.add(0)
    assert histogram.percentile(0.5) == 0
    assert histogram.as_json() == {"counts": {"0": 1}, "max_us": 0}


@given(st.lists(values, max_size=4))
def test_histograms_that_were_stored_merge_into_one_of_all_values(several: list[list[int]]) -> None:
    stored, whole = [], Histogram()
    for late in several:
        histogram = Histogram()
        for each in late:
            histogram.add(each)
            whole.add(each)
        stored.append(json.loads(json.dumps(histogram.as_json())))
    merged = Histogram.merge(stored)
    assert (merged.counts, merged.maximum) == (whole.counts, whole.maximum)
