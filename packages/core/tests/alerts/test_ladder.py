"""How long to wait before a delivery is tried again."""

import uuid
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.alerts.ladder import ATTEMPTS, LONGEST_WISH, PAUSES, pause_after

# Reliability R54, after the first attempt, which is made at once.
LADDER = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
]


def test_the_ladder_has_seven_attempts() -> None:
    assert list(PAUSES) == LADDER
    assert ATTEMPTS == 7


@given(attempts=st.integers(1, 6), delivery_id=st.uuids())
def test_a_pause_is_within_a_fifth_of_its_rung(attempts: int, delivery_id: uuid.UUID) -> None:
    rung = LADDER[attempts - 1]
    pause = pause_after(attempts, delivery_id)
    assert pause is not None
    assert 0.8 * rung <= pause <= 1.2 * rung


@given(attempts=st.integers(7, 1000), delivery_id=st.uuids(), wish=st.none() | st.timedeltas())
def test_after_the_seventh_attempt_it_is_given_up(
    attempts: int, delivery_id: uuid.UUID, wish: timedelta | None
) -> None:
    assert pause_after(attempts, delivery_id, retry_after=wish) is None


@given(attempts=st.integers(1, 6), delivery_id=st.uuids(), wish=st.timedeltas())
def test_a_receivers_wish_counts_where_it_is_longer_up_to_a_day(
    attempts: int, delivery_id: uuid.UUID, wish: timedelta
) -> None:
    own = pause_after(attempts, delivery_id)
    assert own is not None
    assert pause_after(attempts, delivery_id, retry_after=wish) == max(own, min(wish, LONGEST_WISH))


@given(delivery_id=st.uuids())
def test_each_pause_is_longer_than_the_one_before(delivery_id: uuid.UUID) -> None:
    pauses = [pause_after(attempts, delivery_id) for attempts in range(1, ATTEMPTS)]
    assert pauses == sorted(pauses, key=lambda pause: pause or timedelta())


def test_what_failed_together_does_not_come_back_together() -> None:
    pauses = [pause_after(2, uuid.UUID(int=number)) or timedelta() for number in range(2000)]
    thirds = [timedelta(seconds=240) + n * timedelta(seconds=40) for n in range(4)]
    shares = [sum(low <= pause < high for pause in pauses) for low, high in pairwise(thirds)]
    assert all(share == pytest.approx(len(pauses) / 3, rel=0.15) for share in shares)
