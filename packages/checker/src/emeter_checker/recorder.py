"""The recorder: what the engine finished goes into the database, every 200 ms in one transaction."""

import threading
import time
from collections import deque
from typing import cast

from sqlalchemy.exc import DBAPIError, OperationalError

from emeter_checker import engine
from emeter_checker.tally import Tally
from emeter_core import checks
from emeter_core.checks import Finished, Taken
from emeter_core.logs import get_logger
from emeter_storage.away import first_line, is_gone
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

_EVERY_S = 0.2
_MOST_PER_TRANSACTION = 2000
_MOST_WAITING = 200_000
_LONGEST_PAUSE_S = 5.0
_READ_ONLY = "25006"
"""What PostgreSQL says of a write while it is a standby: for psycopg2 it is an error of ours."""


class Recorder:
    """Takes finished checks from the engine's thread and records them in its own.

    While the database is away results wait, at most `_MOST_WAITING`. What is beyond that is counted as
    dropped: such a slot is tried again while it is younger than its interval, else it ends as a gap.
    """

    def __init__(self, sessions: SessionFactory, clock: DatabaseClock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._waiting: deque[engine.Finished] = deque()
        self._at_hand = 0
        self._oldest: float | None = None
        self._singly = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self.tally = Tally()
        self.recorded = 0
        self.discarded = 0
        self.dropped = 0

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def put(self, finished: engine.Finished) -> None:
        """Take a finished check; called in the engine's thread, for each of them."""
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
        else:
            self._waiting.append(finished)

    def stop(self, within: float) -> None:
        """Record what waits, for at most `within` seconds, and end."""
        self._stop.set()
        self._thread.join(max(0.0, within))
        if self.waiting:
            _log.warning("results could not be recorded", results=self.waiting)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many results wait."""
        return len(self._waiting) + self._at_hand

    @property
    def behind(self) -> float:
        """For how many seconds the oldest result has waited."""
        ended_at = self._oldest
        if ended_at is None:
            try:
                ended_at = self._waiting[0].ended_at
            except IndexError:
                return 0.0
        return time.monotonic() - ended_at

    def _run(self) -> None:
        pause = _EVERY_S
        stopping = False
        while not (stopping and not self._waiting):
            stopping = self._stop.wait(pause)
            if stopping and pause > _EVERY_S:
                time.sleep(_EVERY_S)
            pause = self._flush(pause)

    def _flush(self, pause: float) -> float:
        """Record what waits; returns how long to pause, longer while the database is away."""
        # What comes in meanwhile waits for the next time: a transaction costs as much as some 50 results.
        left = len(self._waiting)
        while left:
            batch = [
                self._waiting.popleft()
                for _ in range(1 if self._singly else min(left, _MOST_PER_TRANSACTION))
            ]
            self._singly = max(0, self._singly - 1)
            left -= len(batch)
            self._at_hand, self._oldest = len(batch), batch[0].ended_at
            try:
                self._record(batch)
            except Exception as error:  # noqa: BLE001 - the thread must outlive a bug in one batch
                if not _is_away(error):
                    left += self._single_out(batch)
                    continue
                self._waiting.extendleft(reversed(batch))
                _log.warning("cannot record", error=first_line(error), waiting=len(self._waiting))
                return min(2 * pause, _LONGEST_PAUSE_S)
            finally:
                self._at_hand, self._oldest = 0, None
        return _EVERY_S

    def _single_out(self, batch: list[engine.Finished]) -> int:
        """Let a batch that failed be recorded one by one: a bad result takes no other with it.

        Returns how many results that puts back to the waiting.
        """
        if len(batch) == 1:
            _log.exception("a result could not be recorded; its slot is tried again, or ends as a gap")
            self.dropped += 1
            return 0
        self._singly = len(batch)
        self._waiting.extendleft(reversed(batch))
        return len(batch)

    def _record(self, batch: list[engine.Finished]) -> None:
        late = [self._late_us(each) for each in batch]
        finished = [self._finished(each, late_us // 1000) for each, late_us in zip(batch, late, strict=True)]
        with self._sessions.begin() as session:
            done = checks.record(session, finished, now=self._clock.now())
        self.recorded += done.counted
        self.discarded += done.discarded
        self.tally.count(batch, late)

    def _late_us(self, each: engine.Finished) -> int:
        slot_us = cast("Taken", each.ticket).slot_us
        return max(0, round((each.started_at - self._clock.monotonic_of_us(slot_us)) * 1e6))

    def _finished(self, each: engine.Finished, late_ms: int) -> Finished:
        return Finished(cast("Taken", each.ticket), each.outcome, self._clock.at(each.ended_at), late_ms)


def _is_away(error: Exception) -> bool:
    """Whether the database may take the same later: it is away, full, busy, or for now takes nothing."""
    if is_gone(error) or isinstance(error, OperationalError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == _READ_ONLY
