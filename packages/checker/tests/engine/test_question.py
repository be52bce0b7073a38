"""How long an answer is believed: by the clock of the question alone."""

import pytest

from emeter_checker.engine.network import question
from emeter_checker.engine.network.question import Question, is_fresh
from emeter_checker.engine.timers import Timers


class Asked(Question):
    """A question that somebody else answers."""

    trouble = "no"

    def __init__(self, timers: Timers) -> None:
        self.answers = 0
        self.begun = 0
        self.ended = 0
        super().__init__(timers, self._count)

    def begin(self, deadline: float) -> None:
        self.begun += 1

    def end(self) -> None:
        self.ended += 1

    def _count(self) -> None:
        self.answers += 1


class Clock:
    """An instant that the test moves, and the timers that follow it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers = Timers()

    def monotonic(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        for call, subject in self.timers.due(self.now):
            call(subject)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(question, "time", made)
    return made


@pytest.fixture
def asked(clock: Clock) -> Asked:
    return Asked(clock.timers)


def test_nothing_is_known_before_it_was_asked(asked, clock) -> None:
    assert asked.known(0, clock.now) is None
    assert not asked.is_no


def test_it_is_asked_once_at_a_time(asked) -> None:
    asked.ask()
    asked.ask()
    assert asked.begun == 1
    asked.answer(yes=True)
    asked.answer(yes=False)
    assert (asked.answers, asked.ended, asked.is_no) == (1, 1, False)


def test_a_yes_is_believed_for_a_second_by_what_began_before_it(asked, clock) -> None:
    asked.ask()
    asked.answer(yes=True)
    assert asked.known(clock.now - 5, clock.now + 0.9) is True
    assert asked.known(clock.now - 5, clock.now + 1.1) is None


@pytest.mark.parametrize(
    ("yes_at", "since", "now", "fresh"),
    [
        (10.0, 9.9, 10.2, True),  # just now
        (10.0, 10.1, 10.2, True),
        (10.0, 10.1, 10.3, False),  # before it began
        (10.0, 9.0, 10.9, True),  # in its later half
        (10.0, 9.9, 10.9, False),  # in its earlier half
        (10.0, 0.0, 11.1, False),  # too long ago
        (float("-inf"), 0.0, 1.0, False),
    ],
)
def test_a_yes_counts_from_the_later_half_of_a_check(
    yes_at: float, since: float, now: float, *, fresh: bool
) -> None:
    assert is_fresh(yes_at, since, now) is fresh


def test_without_an_answer_it_is_a_no(asked, clock) -> None:
    asked.ask()
    clock.pass_(question.ANSWERED_WITHIN_S)
    assert asked.is_no
    assert asked.known(clock.now, clock.now) is False


def test_after_a_no_it_is_asked_until_there_is_a_yes(asked, clock) -> None:
    asked.ask()
    asked.answer(yes=False)
    for _ in range(3):
        clock.pass_(question.ASKED_EVERY_S)
        asked.answer(yes=False)
    assert asked.begun == 4
    clock.pass_(question.ASKED_EVERY_S)
    asked.answer(yes=True)
    clock.pass_(60)
    assert (asked.begun, asked.is_no) == (5, False)


def test_what_was_under_way_during_a_no_is_ours_and_what_began_after_it_is_not(asked, clock) -> None:
    asked.ask()
    asked.answer(yes=False)
    clock.pass_(question.ASKED_EVERY_S)
    asked.answer(yes=True)
    back = clock.now
    assert asked.known(back - 0.5, back) is False
    assert asked.known(back + 0.1, back + 0.2) is True
