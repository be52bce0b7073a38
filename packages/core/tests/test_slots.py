"""Slots: the same grid in Python and in SQL, and a load that is flat."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from emeter_core.checks import from_us, to_us
from emeter_core.checks.slots import phase_ms, slot_after, sql_slot, sql_slot_after, sql_turn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

probe_ids = st.integers(1, 2**31 - 1)
intervals = st.one_of(st.integers(5_000, 86_400_000), st.sampled_from([5_000, 60_000, 86_400_000]))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it


@given(probe_ids, intervals)
def test_a_phase_lies_within_its_interval(probe_id: int, interval_ms: int) -> None:
    assert 0 <= phase_ms(probe_id, interval_ms) < interval_ms


@given(probe_ids, intervals, moments)
def test_the_next_slot_is_on_the_grid_later_and_at_most_one_interval_away(
    probe_id: int, interval_ms: int, moment: datetime
) -> None:
    slot = slot_after(probe_id, interval_ms, moment)
    assert timedelta(0) < slot - moment <= timedelta(milliseconds=interval_ms)
    assert to_us(slot) % (interval_ms * 1000) == phase_ms(probe_id, interval_ms) * 1000


@given(probe_ids, intervals, moments)
def test_from_slot_to_slot_is_one_interval(probe_id: int, interval_ms: int, moment: datetime) -> None:
    slot = slot_after(probe_id, interval_ms, moment)
    assert slot_after(probe_id, interval_ms, slot) - slot == timedelta(milliseconds=interval_ms)
    assert slot_after(probe_id, interval_ms, slot - timedelta(microseconds=1)) == slot


# R45: the busiest second has at most twice the mean.
@pytest.mark.parametrize("interval_s", [5, 30, 60, 300, 3600])
@pytest.mark.parametrize("first_id", [1, 987_654, 2**31 - 10_001])
@pytest.mark.parametrize("count", [1_000, 10_000])
def test_the_load_of_neighbours_is_flat(count: int, first_id: int, interval_s: int) -> None:
    seconds = Counter(phase_ms(first_id + n, interval_s * 1000) // 1000 for n in range(count))
    assert max(seconds.values()) <= max(1, 2 * count / interval_s)


def test_a_slot_does_not_depend_on_when_it_is_asked_for() -> None:
    start = datetime(2026, 11, 23, 12, tzinfo=UTC)
    asked = {slot_after(7, 60_000, start + timedelta(milliseconds=n)) for n in range(0, 600_000, 977)}
    slots = sorted(asked)
    assert {later - slot for slot, later in pairwise(slots)} == {timedelta(minutes=1)}


_TWINS = f"""
SELECT {sql_slot_after("id", "interval_ms", "moment")},
  {sql_slot("id", "interval_ms", sql_turn("id", "interval_ms", "moment"))}
FROM unnest(CAST(:ids AS int[]), CAST(:intervals AS int[]), CAST(:moments AS timestamptz[]))
  WITH ORDINALITY AS given (id, interval_ms, moment, number)
ORDER BY number
"""


# Many values in one statement: the twins are compared by the set, not by the round trip.
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_cases=st.lists(st.tuples(probe_ids, intervals, moments), min_size=1, max_size=50))
def test_python_and_sql_agree_on_every_slot(connection, given_cases) -> None:
    cases = [each for case in given_cases for each in (case, *around_a_slot(*case))]
    ids, widths, at = zip(*cases, strict=True)
    rows = connection.execute(
        text(_TWINS), {"ids": list(ids), "intervals": list(widths), "moments": list(at)}
    ).all()
    following = [slot_after(*case) for case in cases]
    assert [row[0] for row in rows] == following
    assert [row[1] for row in rows] == [
        slot - timedelta(milliseconds=width) for slot, width in zip(following, widths, strict=True)
    ]


def around_a_slot(probe_id: int, interval_ms: int, moment: datetime) -> Iterator[tuple[int, int, datetime]]:
    """The moments at which rounding would show."""
    slot = slot_after(probe_id, interval_ms, moment)
    for microseconds in (-501, -500, -1, 0, 1, 999):
        yield probe_id, interval_ms, slot + timedelta(microseconds=microseconds)


@given(moments)
def test_a_moment_travels_as_microseconds_and_comes_back(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


@given(st.integers(0, 2**52))
def test_microseconds_become_a_moment_and_come_back(microseconds: int) -> None:
    assert to_us(from_us(microseconds)) == microseconds


def test_microseconds_are_counted_from_1970() -> None:
    assert (to_us(EPOCH), from_us(1)) == (0, EPOCH + timedelta(microseconds=1))
