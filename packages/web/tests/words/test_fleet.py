"""All monitors in a sentence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors import Status
from emeter_web.words.fleet import head, lede

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "Nothing is watched yet"),
        ({Status.DOWN: 3, Status.DEGRADED: 2, Status.UP: 9}, "3 down, 2 degraded"),
        ({Status.NO_DATA: 1, Status.BLOCKED: 2}, "1 without data, 2 blocked"),
        ({Status.UP: 1284}, "All 1,284 are up"),
        ({Status.UP: 1}, "The one monitor is up"),
        ({Status.UP: 5, Status.PAUSED: 2}, "All 5 are up"),
        ({Status.UP: 5, Status.PENDING: 1}, "5 up, 1 pending"),
        ({Status.PENDING: 2}, "2 pending"),
        ({Status.PAUSED: 2, Status.MAINTENANCE: 1}, "1 in maintenance, 2 paused"),
    ],
)
def test_what_is_wrong_comes_first_else_that_all_is_well(counts: dict[Status, int], told: str) -> None:
    assert head(counts) == told


def test_the_line_below_says_how_many_are_up_and_when_something_changed() -> None:
    counts = {Status.DOWN: 3, Status.UP: 1274, Status.PAUSED: 2}
    told = lede(counts, NOW - timedelta(minutes=3), now=NOW)
    assert told == "1,274 of 1,279 monitors are up. 2 paused. The latest change was 3 min ago."
    assert lede({Status.PENDING: 1}, None, now=NOW) == "0 of 1 monitor is up."


@given(st.dictionaries(st.sampled_from(Status), st.integers(0, 10_000)))
def test_whatever_there_is_there_is_something_to_say(counts: dict[Status, int]) -> None:
    assert head(counts)
    assert lede(counts, NOW, now=NOW).endswith(".")
