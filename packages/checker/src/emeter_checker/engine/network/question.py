"""A question about our own network, which is asked when a failure makes it matter."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from emeter_checker.engine.timers import Timers

ANSWERED_WITHIN_S = 0.8
"""A question without an answer until then is answered by no; a check ends that much later at most."""

ASKED_EVERY_S = 1.0
"""How long a yes is believed at most, and how soon after a no the question is asked again."""

_FRESH_S = 0.25
"""How long a yes is believed whatever it is about: a burst of failures asks no more often."""


def is_fresh(yes_at: float, since: float, now: float) -> bool:
    """Whether a yes tells of a failure just now of what has lasted since `since`: of its later half, that is.

    What was asked before might be of the time before the failure's cause.
    """
    return yes_at >= now - _FRESH_S or yes_at >= max(now - ASKED_EVERY_S, (since + now) / 2)


class Question(ABC):
    """Answered by yes or no, in the engine's thread; `on_answer` is called with every answer.

    `trouble` says what a no means. After a no the question is asked on and on until there is a yes.
    """

    trouble: str

    def __init__(self, timers: Timers, on_answer: Callable[[], None]) -> None:
        self._timers = timers
        self._on_answer = on_answer
        self._asked_at: float | None = None
        self._yes_at = -math.inf
        self._no_since: float | None = None
        self._no_until = -math.inf

    @property
    def is_no(self) -> bool:
        """Whether the last answer was a no."""
        return self._no_since is not None

    def known(self, since: float, now: float) -> bool | None:
        """False where it was no at any time from `since` on, True where it is yes, None where to ask.

        The instants are of `time.monotonic()`.
        """
        if self._no_since is not None or self._no_until >= since:
            return False
        return True if is_fresh(self._yes_at, since, now) else None

    def ask(self) -> None:
        """Ask, unless it is being asked."""
        if self._asked_at is not None:
            return
        self._asked_at = time.monotonic()
        self._timers.at(self._asked_at + ANSWERED_WITHIN_S, self._give_up, self._asked_at)
        self.begin(self._asked_at + ANSWERED_WITHIN_S)

    def answer(self, *, yes: bool) -> None:
        """Take an answer; the first one counts."""
        asked_at = self._asked_at
        if asked_at is None:
            return
        self._asked_at = None
        self.end()
        if yes:
            if self._no_since is not None:
                self._no_until = asked_at
            self._no_since = None
            self._yes_at = asked_at
        else:
            self._no_since = asked_at if self._no_since is None else self._no_since
            self._timers.at(time.monotonic() + ASKED_EVERY_S, self._ask_again, None)
        self._on_answer()

    @abstractmethod
    def begin(self, deadline: float) -> None:
        """Do what leads to `answer`, until `deadline` of `time.monotonic()`."""

    @abstractmethod
    def end(self) -> None:
        """Let go of what `begin` took."""

    def _ask_again(self, _: None) -> None:
        self.ask()

    def _give_up(self, asked_at: float) -> None:
        if self._asked_at == asked_at:
            self.answer(yes=False)
