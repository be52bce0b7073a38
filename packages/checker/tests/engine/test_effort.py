"""Whose fault a timeout is, by how busy the engine was."""

import pytest

from emeter_checker.engine.effort import UNANSWERED, WORDS, Effort
from emeter_checker.engine.job import Finished
from emeter_core.outcome import Condition, Outcome, Reason


def ended(reason: Reason) -> Finished:
    """A check from second 100 to second 110."""
    return Finished(None, Outcome(reason, evidence={"url": "http://example.com/"}), 100.0, 110.0, "http")


def busy_for(seconds: float) -> Effort:
    """An engine that worked for so long of these ten seconds, and is at work still."""
    effort = Effort()
    effort.wake(100.0)
    effort.rest(100.0 + seconds / 2)
    effort.wake(110.0 - seconds / 2)
    return effort


@pytest.mark.parametrize("reason", sorted(UNANSWERED))
def test_a_timeout_of_an_engine_that_had_no_time_is_not_checked(reason: Reason) -> None:
    finished = ended(reason)
    assert busy_for(8.1).excuse(finished, 0.0)
    assert (finished.outcome.reason, finished.outcome.condition) == (Reason.NOT_CHECKED, Condition.NO_DATA)
    assert finished.outcome.evidence == {"url": "http://example.com/", "error": WORDS}


@pytest.mark.parametrize("reason", sorted(UNANSWERED))
def test_a_timeout_of_an_engine_that_had_time_is_the_targets(reason: Reason) -> None:
    finished = ended(reason)
    assert not busy_for(7.9).excuse(finished, 0.0)
    assert finished.outcome.reason is reason


def test_what_was_spent_before_it_began_does_not_count() -> None:
    effort = Effort()
    effort.wake(0.0)
    effort.rest(99.0)
    effort.wake(100.0)
    before = effort.spent(100.0)
    effort.rest(105.0)
    effort.wake(110.0)
    assert before == 99.0
    assert not effort.excuse(ended(Reason.TIMEOUT), before)


def test_an_answer_is_an_answer_however_busy_the_engine_was() -> None:
    finished = ended(Reason.CONNECTION_REFUSED)
    assert not busy_for(10).excuse(finished, 0.0)
    assert finished.outcome.reason is Reason.CONNECTION_REFUSED
