"""How busy the engine's thread is: who never sleeps does not hear in time that somebody answered."""

from dataclasses import replace

from emeter_checker.engine.job import Finished
from emeter_core.outcome import Reason

UNANSWERED = frozenset(
    {Reason.NAME_SERVER_SILENT, Reason.CONNECT_TIMEOUT, Reason.TIMEOUT, Reason.PING_UNANSWERED}
)
"""What a check finds that was not answered in time, or of whose answer we took no notice in time."""

WORDS = "this machine was too busy to take notice of an answer"

_TOO_BUSY = 0.8
"""The share of a check's time from which on its timeout is ours. 3,000 checks/s take 43 % of a core."""


class Effort:
    """Adds up the seconds in which the engine works; instants are seconds of `time.monotonic()`."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._awake_since = 0.0

    def wake(self, now: float) -> None:
        """Note that a round begins."""
        self._awake_since = now

    def rest(self, now: float) -> None:
        """Note that it ends."""
        self._spent += now - self._awake_since

    def spent(self, now: float) -> float:
        """Seconds of work by `now`, within a round."""
        return self._spent + now - self._awake_since

    def excuse(self, finished: Finished, spent_before: float) -> bool:
        """Make a timeout that is ours a check that was not made; returns whether it was.

        `spent_before` is what was spent when the check began.
        """
        began, now, outcome = finished.started_at, finished.ended_at, finished.outcome
        if outcome.reason not in UNANSWERED or self.spent(now) - spent_before <= _TOO_BUSY * (now - began):
            return False
        evidence = {**outcome.evidence, "error": WORDS}
        finished.outcome = replace(outcome, reason=Reason.NOT_CHECKED, evidence=evidence)
        return True
