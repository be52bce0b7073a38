"""Whose fault a timeout is, by how much the engine looked."""

import pytest

from emeter_checker.engine.effort import UNANSWERED, Effort
from emeter_checker.engine.job import Finished
from emeter_checker.kinds.verdict import LOOP_STUCK, TOO_BUSY
from emeter_core.outcome import Condition, Outcome, Reason

SECOND = 10
"""Rounds a second."""


def ended(reason: Reason, at: float = 110.0, error: str = "") -> Finished:
    """A check from second 100 on."""
    outcome = Outcome(reason, evidence={"url": "http://example.com/", "error": error})
    return Finished(None, outcome, 100.0, at, "http")


def busy_for(share: float) -> Effort:
    """An engine that worked for that share of each round since second 100, and begins the next one."""
    effort = Effort()
    for number in range(10 * SECOND):
        began = 100.0 + number / SECOND
        effort.wake(began, began)
        effort.rest(began + share / SECOND)
    effort.wake(110.0, 110.0)
    return effort


def asleep(*, due: float, woken: float) -> Effort:
    """An idle engine that was to wake then, and was woken then."""
    effort = Effort()
    effort.wake(100.0, 100.0)
    effort.rest(100.0)
    effort.wake(woken, due)
    return effort


@pytest.mark.parametrize("reason", sorted(UNANSWERED))
def test_a_timeout_of_an_engine_that_had_no_time_is_not_checked(reason: Reason) -> None:
    finished = ended(reason)
    assert busy_for(0.81).excuse(finished, 0.0)
    assert (finished.outcome.reason, finished.outcome.condition) == (Reason.NOT_CHECKED, Condition.NO_DATA)
    assert finished.outcome.evidence == {"url": "http://example.com/", "error": TOO_BUSY}


@pytest.mark.parametrize("reason", sorted(UNANSWERED))
def test_a_timeout_of_an_engine_that_had_time_is_the_targets(reason: Reason) -> None:
    finished = ended(reason)
    effort = busy_for(0.79)
    assert not effort.excuse(finished, 0.0)
    assert finished.outcome.reason is reason
    assert effort.excused == 0


def test_what_was_spent_before_it_began_does_not_count() -> None:
    effort = Effort()
    effort.wake(0.0, 0.0)
    effort.rest(99.0)
    effort.wake(100.0, 100.0)
    before = effort.spent(100.0)
    effort.rest(100.1)
    effort.wake(110.0, 110.0)
    assert before == 99.0
    assert not effort.excuse(ended(Reason.TIMEOUT), before)


@pytest.mark.parametrize(("woken", "is_ours"), [(109.9, False), (110.1, False), (110.3, True), (119.0, True)])
def test_a_timeout_that_was_slept_through_is_ours(woken: float, *, is_ours: bool) -> None:
    """Only to sleep longer than meant is an absence: who may sleep is woken by whatever comes."""
    assert asleep(due=110.0, woken=woken).excuse(ended(Reason.TIMEOUT, woken), 0.0) is is_ours


def test_sleep_that_was_longer_than_meant_counts_as_time_without_a_look() -> None:
    effort = asleep(due=101.0, woken=109.5)
    effort.rest(109.5)
    effort.wake(110.0, 110.0)
    assert effort.spent(110.0) == 8.5
    assert effort.excuse(ended(Reason.TIMEOUT), 0.0)


def test_what_ran_out_during_an_absence_may_be_told_just_after_it() -> None:
    for after, is_ours in {0.2: True, 0.3: False}.items():
        effort = asleep(due=104.0, woken=105.0)
        effort.rest(105.0)
        effort.wake(105.0 + after, 105.0 + after)
        assert effort.excuse(ended(Reason.TIMEOUT, 105.0 + after), 0.0) is is_ours


def test_an_answer_is_an_answer_however_busy_the_engine_was() -> None:
    finished = ended(Reason.CONNECTION_REFUSED)
    assert not busy_for(1).excuse(finished, 0.0)
    assert finished.outcome.reason is Reason.CONNECTION_REFUSED


@pytest.mark.parametrize("error", [TOO_BUSY, LOOP_STUCK])
def test_what_the_loop_excused_counts_as_well(error: str) -> None:
    effort, finished = busy_for(0), ended(Reason.NOT_CHECKED, error=error)
    before = finished.outcome
    assert effort.excuse(finished, 0.0)
    assert (effort.excused, finished.outcome) == (1, before)


def test_what_was_not_checked_for_another_reason_was_not_excused() -> None:
    effort = busy_for(0)
    assert not effort.excuse(ended(Reason.NOT_CHECKED, error="stopped before the end"), 0.0)
    assert effort.excused == 0


def test_excuses_are_counted_each_and_told_once_a_minute(caplog) -> None:
    effort = busy_for(1)
    told = []
    for at in (110.0, 111.0, 169.0, 171.0, 172.0, 231.5):
        effort.excuse(ended(Reason.NOT_CHECKED, at, TOO_BUSY), 0.0)
        told.append(caplog.text.count("Timeouts are ours"))
    assert effort.excused == 6
    assert told == [1, 1, 1, 2, 2, 3]
