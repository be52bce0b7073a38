from hypothesis import given
from hypothesis import strategies as st

from emeter_core.metrics.buckets import LONG_US, SHORT_US, Buckets

VALUES = st.lists(st.integers(0, 10**11))


@given(VALUES, st.sampled_from([SHORT_US, LONG_US]))
def test_each_bound_counts_what_is_not_above_it(values: list[int], bounds: tuple[int, ...]) -> None:
    buckets = Buckets(bounds)
    buckets.add_all(values)

    *told, last = buckets.cumulative()
    assert [count for _, count in told] == [sum(value <= bound for value in values) for bound in bounds]
    assert [round(float(name) * 1e6) for name, _ in told] == list(bounds)
    assert last == ("+Inf", len(values))
    assert abs(buckets.total_s - sum(values) / 1e6) < 1e-3


def test_bounds_rise() -> None:
    for bounds in (SHORT_US, LONG_US):
        assert list(bounds) == sorted(set(bounds))
