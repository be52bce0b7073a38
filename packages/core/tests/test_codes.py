"""Sets of status codes, as people write them."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors.kinds.codes import CodeSet, parse_codes

code_sets = st.frozensets(st.integers(100, 599), min_size=1).map(CodeSet)


@given(code_sets)
def test_a_set_is_read_back_as_it_was_written(codes: CodeSet) -> None:
    assert parse_codes(str(codes)) == codes


@given(code_sets)
def test_its_spelling_names_every_run_once_and_in_order(codes: CodeSet) -> None:
    ends = [[int(end) for end in part.split("-")] for part in str(codes).split(",")]
    assert all(len(each) == 1 or each[0] < each[1] for each in ends)
    assert all(left[-1] + 1 < right[0] for left, right in pairwise(ends))


@given(st.text())
def test_any_text_is_a_set_or_refused(text: str) -> None:
    with suppress(ValueError):
        codes = parse_codes(text)
        assert codes.codes
        assert all(100 <= code <= 599 for code in codes.codes)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("200", "200"),
        ("200-299,301", "200-299,301"),
        (" 301 , 200 - 299 ", "200-299,301"),
        ("200,201,202", "200-202"),
        ("200,200", "200"),
        ("200-200", "200"),
        ("200-250,240-299", "200-299"),
        ("100-599", "100-599"),
        ("204,203", "203-204"),
    ],
)
def test_many_spellings_are_the_same_set(text: str, spelling: str) -> None:
    assert str(parse_codes(text)) == spelling


@pytest.mark.parametrize(
    "part", ["", "2xx", "99", "1000", "20", "-200", "200-", "200--299", "\N{FULLWIDTH DIGIT TWO}00", "two"]
)
def test_a_part_that_is_no_code_is_named(part: str) -> None:
    with pytest.raises(ValueError, match="no status code or range") as caught:
        parse_codes(f"200,{part},301")
    assert str(caught.value).startswith(repr(part))


@pytest.mark.parametrize("part", ["000", "099", "600", "999", "299-200", "500-600", "099-200"])
def test_a_part_out_of_range_is_named(part: str) -> None:
    with pytest.raises(ValueError, match="must lie within 100 to 599, the lower code first") as caught:
        parse_codes(f"200,{part}")
    assert str(caught.value).startswith(repr(part))


def test_a_set_knows_what_is_in_it() -> None:
    codes = parse_codes("200-204,301")
    assert [code for code in (199, 200, 204, 205, 301) if code in codes] == [200, 204, 301]
