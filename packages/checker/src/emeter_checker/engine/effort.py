"""How busy the engine's thread is: who does not look does not hear in time that somebody answered."""

import math
from dataclasses import replace

from emeter_checker.engine.job import Finished
from emeter_checker.kinds.verdict import LOOP_STUCK, TOO_BUSY
from emeter_core.logs import get_logger
from emeter_core.outcome import Reason

_log = get_logger(__name__)

UNANSWERED = frozenset(
    {Reason.NAME_SERVER_SILENT, Reason.CONNECT_TIMEOUT, Reason.TIMEOUT, Reason.PING_UNANSWERED}
)
"""What a check finds that was not answered in time, or of whose answer we took no notice in time."""

_EXCUSES = frozenset({TOO_BUSY, LOOP_STUCK})

_MOST = 0.8
"""The share of a check's time from which on its timeout is ours. 3,000 checks/s take 43 % of a core."""

_BLIND = 0.25
"""Seconds without a look from which on a timeout is ours; a round takes 0.025 at most at 3,000 checks/s.

A sleep that is longer than meant by so much is none: the process was stopped, or others had the processor.
"""

_AFTERWARDS = 0.25
"""Seconds after such an absence within which all that ran out meanwhile has been told."""

_TOLD_EVERY = 60.0


class Effort:
    """Adds up the seconds in which the engine does not look; instants are seconds of `time.monotonic()`."""

    def __init__(self) -> None:
        self.excused = 0
        """Checks that ended as not made, for their timeouts were ours."""
        self._spent = 0.0
        self._awake_since = 0.0
        self._back_at = -math.inf
        self._told_at = -math.inf

    def wake(self, now: float, due: float) -> None:
        """Note that a round begins that was to begin at `due` at the latest."""
        self._awake_since = now if now - due < _BLIND else due

    def rest(self, now: float) -> None:
        """Note that it ends."""
        took = now - self._awake_since
        self._spent += took
        if took >= _BLIND:
            self._back_at = now

    def spent(self, now: float) -> float:
        """Seconds of work by `now`, within a round; and of sleep that was none."""
        return self._spent + now - self._awake_since

    def excuse(self, finished: Finished, spent_before: float) -> bool:
        """Make a timeout that is ours a check that was not made; returns whether it was, or had been before.

        `spent_before` is what was spent when the check began.
        """
        outcome = finished.outcome
        if outcome.reason is Reason.NOT_CHECKED:
            if outcome.evidence.get("error") not in _EXCUSES:
                return False
        elif outcome.reason in UNANSWERED and self._is_ours(finished, spent_before):
            evidence = {**outcome.evidence, "error": TOO_BUSY}
            finished.outcome = replace(outcome, reason=Reason.NOT_CHECKED, evidence=evidence)
        else:
            return False
        self._count(finished.ended_at)
        return True

    def _is_ours(self, finished: Finished, spent_before: float) -> bool:
        """Whether it came just after an absence, or while there was next to no time to look."""
        began, now = finished.started_at, finished.ended_at
        if now - self._awake_since >= _BLIND or now - self._back_at < _AFTERWARDS:
            return True
        return self.spent(now) - spent_before > _MOST * (now - began)

    def _count(self, now: float) -> None:
        self.excused += 1
        if now - self._told_at >= _TOLD_EVERY:
            self._told_at = now
            _log.warning(
                "Timeouts are ours: this process had too little time. They count as no data.",
                so_far=self.excused,
            )
