"""Lengths in four bytes: whole microseconds to 35 min 47 s, milliseconds to 24 days, and the same in SQL."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from emeter_core.microseconds import LONGEST_US, from_stored, sql_from_stored, sql_to_stored, to_stored

EXACT = 2**31 - 1
DAY_US = 86_400_000_000
lengths = st.one_of(
    st.integers(0, EXACT),
    st.integers(EXACT - 2_000, EXACT + 2_000),
    st.integers(0, LONGEST_US),
    st.integers(LONGEST_US - 2_000, LONGEST_US + 2_000),
    st.integers(0, 10**15),
)


@given(lengths)
def test_a_length_fits_and_comes_back_within_half_a_millisecond(us: int) -> None:
    stored = to_stored(us)
    assert -(2**31) <= stored <= EXACT
    assert abs(from_stored(stored) - min(us, LONGEST_US)) <= (0 if us <= EXACT else 500)


@given(lengths, lengths)
def test_a_longer_one_is_never_told_as_shorter(one: int, other: int) -> None:
    first, second = sorted((one, other))
    assert from_stored(to_stored(first)) <= from_stored(to_stored(second))


@given(lengths)
def test_what_was_read_is_written_as_it_was(us: int) -> None:
    assert to_stored(from_stored(to_stored(us))) == to_stored(us)


def test_the_longest_is_more_than_three_weeks_and_a_clock_set_back_takes_no_time() -> None:
    assert LONGEST_US > 24 * DAY_US
    assert from_stored(to_stored(900 * DAY_US)) == LONGEST_US
    assert to_stored(-1) == 0


@settings(max_examples=30)
@given(st.lists(lengths, min_size=1, max_size=100))
def test_sql_reads_and_writes_the_same(engine: Engine, drawn: list[int]) -> None:
    stored = [to_stored(us) for us in drawn]
    query = text(
        f"SELECT {sql_to_stored('us')}, {sql_from_stored('stored')}"
        " FROM unnest(CAST(:drawn AS bigint[]), CAST(:stored AS int[])) AS u (us, stored)"
    )
    with engine.connect() as connection:
        found = connection.execute(query, {"drawn": drawn, "stored": stored}).all()
        nothing = text(f"SELECT {sql_to_stored('NULL::bigint')}, {sql_from_stored('NULL::int')}")
        assert connection.execute(nothing).one() == (None, None)
    assert [tuple(row) for row in found] == [(each, from_stored(each)) for each in stored]
