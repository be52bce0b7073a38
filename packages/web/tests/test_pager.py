from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.pager import Pages


def test_a_pager_names_the_ends_and_what_is_near() -> None:
    assert Pages(3, 10_412, 30).shown == [1, 2, 3, 4, 0, 348]
    assert Pages(100, 10_412, 30).shown == [1, 0, 99, 100, 101, 0, 348]
    assert Pages(348, 10_412, 30).shown == [1, 0, 347, 348]
    assert Pages(1, 30, 30).shown == [1]


def test_rows_are_counted_from_one() -> None:
    assert (Pages(3, 10_412, 30).first_row, Pages(3, 10_412, 30).last_row) == (61, 90)
    assert (Pages(1, 0, 30).first_row, Pages(1, 0, 30).last_row, Pages(1, 0, 30).last) == (0, 0, 1)


@given(st.integers(1, 500), st.integers(0, 5_000), st.integers(1, 100))
def test_pages_are_named_in_order_and_one_alone_is_not_left_out(
    number: int, total: int, per_page: int
) -> None:
    pages = Pages(min(number, Pages(1, total, per_page).last), total, per_page)
    named = [each for each in pages.shown if each]

    assert named == sorted(set(named))
    assert {1, pages.number, pages.last} <= set(named)
    for left, right in pairwise(pages.shown):
        assert right == left + 1 or 0 in {left, right}
