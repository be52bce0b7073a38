"""Housekeeping: partitions made, rollups, purges; in a thread of its own, so that no tick waits for it."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from emeter_core import accounts, alerts, analytics
from emeter_core.logs import get_logger
from emeter_core.retention import Retention
from emeter_storage.away import AWAY, first_line
from emeter_storage.engine import DatabaseClock, SessionFactory
from emeter_storage.partitions import ensure_partitions

_log = get_logger(__name__)
T = TypeVar("T")

_ROLL_UP_EVERY_S = 30.0
_HOURLY_S = 3600.0
_SHORTEST_PAUSE_S = 0.05
_REST = 3.0
"""After each step of rollups we rest for so many times as long: a quarter of a core at most."""


class Housekeeper:
    """Does what is due now and then; any number may run at once, as each task sees to that by itself.

    A task that fails is told, and tried again when its turn comes.
    """

    def __init__(self, sessions: SessionFactory, clock: DatabaseClock, retention: Retention) -> None:
        self._sessions = sessions
        self._clock = clock
        self._retention = retention
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._due: dict[Callable[[], None], tuple[float, float]] = {
            self._make_partitions: (_HOURLY_S, 0.0),
            self._roll_up: (_ROLL_UP_EVERY_S, 0.0),
            self._purge: (_HOURLY_S, 0.0),
            self._purge_history: (_HOURLY_S, 0.0),
        }

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within: float = 5.0) -> None:
        """End after the statement that runs, for which we wait `within` seconds at most."""
        self._stop.set()
        self._wake.set()
        self._thread.join(within)

    def notice_jump(self) -> None:
        """The clock jumped: make the partitions of the days that it shows now, and drop nothing for an hour.

        A clock that is ahead makes young results look old, and what is dropped does not come back.
        """
        self._due[self._make_partitions] = (_HOURLY_S, 0.0)
        self._due[self._purge_history] = (_HOURLY_S, time.monotonic() + _HOURLY_S)
        self._wake.set()

    def keep(self) -> None:
        """Do once what is due."""
        for task, (every, next_at) in self._due.items():
            if time.monotonic() < next_at or self._stop.is_set():
                continue
            self._due[task] = (every, time.monotonic() + every)
            try:
                task()
            except AWAY as error:
                _log.warning("cannot keep house", task=_name(task), error=first_line(error))
            except Exception:  # noqa: BLE001 - the thread must outlive a bug in one task
                _log.exception("a task of housekeeping failed", task=_name(task))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self.keep()
            soonest = min(next_at for _, next_at in self._due.values())
            self._wake.wait(max(_SHORTEST_PAUSE_S, soonest - time.monotonic()))

    def _make_partitions(self) -> None:
        self._within(lambda session, now: ensure_partitions(session.connection(), now.astimezone(UTC).date()))

    def _roll_up(self) -> None:
        more = True
        while more:
            began = time.monotonic()
            more = self._within(lambda session, now: analytics.roll_up(session, now=now))
            rest = max(_SHORTEST_PAUSE_S, _REST * (time.monotonic() - began))
            more = more and not self._stop.wait(rest)

    def _purge(self) -> None:
        self._within(lambda session, now: alerts.purge(session, now=now))
        self._within(lambda session, now: accounts.purge(session, now=now))

    def _purge_history(self) -> None:
        dropped = analytics.purge(self._sessions, self._retention, now=self._clock.now())
        if dropped:
            _log.info("old history dropped", dropped=", ".join(dropped))

    def _within(self, task: Callable[[Session, datetime], T]) -> T:
        """Run a task in a transaction of its own."""
        with self._sessions.begin() as session:
            return task(session, self._clock.now())


def _name(task: Callable[[], None]) -> str:
    return task.__name__.strip("_").replace("_", " ")
