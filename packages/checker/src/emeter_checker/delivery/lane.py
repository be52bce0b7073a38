"""A lane: work of one sort, taken from the database as far as there are hands, done beside the others."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from sqlalchemy.orm import Session

from emeter_core.logs import get_logger
from emeter_storage.away import first_line
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

LOOK_EVERY_S = 5.0
"""Between two looks that nobody asked for: all there is while Redis is away."""

_AWAY_S = 1.0
_PATIENCE_AT_END_S = 5.0

_Item = TypeVar("_Item")

# The second one says that no connection of our own was free for half a minute.
_DATABASE_IS_AWAY = (DBAPIError, PoolIsEmpty)


class Lane(ABC, Generic[_Item]):
    """One thread that looks for work and takes it, and `hands` threads that do it.

    What is taken is begun at once: nothing waits here while a lease runs.
    """

    name: str

    def __init__(self, sessions: SessionFactory, clock: DatabaseClock, *, hands: int) -> None:
        self._sessions = sessions
        self._clock = clock
        self._free = hands
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._hands = ThreadPoolExecutor(hands, thread_name_prefix=self.name)
        self._thread = threading.Thread(target=self._run, name=f"{self.name} lane", daemon=True)
        self._most = hands

    @abstractmethod
    def take(self, session: Session, *, limit: int, now: datetime) -> Sequence[_Item]:
        """Take at most `limit` pieces of work, in the one transaction of `session`."""

    @abstractmethod
    def carry_out(self, item: _Item) -> None:
        """Do one piece of work, outside any transaction, and write what came of it by `write`."""

    def start(self) -> None:
        """Begin to look, first of all at once."""
        self._wake.set()
        self._thread.start()

    def look(self) -> None:
        """Look soon: somebody says that there is work."""
        self._wake.set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def in_flight(self) -> int:
        """How many pieces are being done."""
        return self._most - self._free

    def ask_to_stop(self) -> None:
        """Take nothing more."""
        self._stop.set()
        self._wake.set()

    def join(self) -> None:
        """Wait for what is in flight, after `ask_to_stop`."""
        if self._thread.ident is not None:
            self._thread.join()
        self._hands.shutdown()

    def write(self, change: Callable[[Session], object], *, until: float) -> bool:
        """Write what came of something, in a transaction; False where the database was away too long.

        It is tried again up to `until` (of `time.monotonic()`), but at the end of the process only shortly.
        """
        began = time.monotonic()
        while True:
            try:
                with self._sessions.begin() as session:
                    change(session)
            except _DATABASE_IS_AWAY as error:
                _log.warning("cannot write what came of it", lane=self.name, error=first_line(error))
            else:
                return True
            limit = min(until, began + _PATIENCE_AT_END_S) if self._stop.is_set() else until
            if time.monotonic() + _AWAY_S > limit:
                return False
            time.sleep(_AWAY_S)

    def _run(self) -> None:
        pause = LOOK_EVERY_S
        while not self._stop.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            pause = self._try_to_look(pause)

    def _try_to_look(self, pause: float) -> float:
        """Look for work; returns how long to wait until the next look that nobody asked for."""
        try:
            if not self._stop.is_set():
                self._look()
        except _DATABASE_IS_AWAY as error:
            _log.warning("cannot look for what is to be done", lane=self.name, error=first_line(error))
        except Exception:  # noqa: BLE001 - the thread must outlive a bug
            _log.exception("a lane stumbled", lane=self.name)
        else:
            return LOOK_EVERY_S
        # Nobody who asks meanwhile is served sooner.
        self._stop.wait(_AWAY_S)
        return min(2 * pause, LOOK_EVERY_S) if pause < LOOK_EVERY_S else _AWAY_S

    def _look(self) -> None:
        with self._lock:
            limit = self._free
        if not limit:
            return  # Whoever is done first looks again.
        with self._sessions.begin() as session:
            items = self.take(session, limit=limit, now=self._clock.now())
        with self._lock:
            self._free -= len(items)
        for item in items:
            self._hands.submit(self._do, item)

    def _do(self, item: _Item) -> None:
        try:
            self.carry_out(item)
        except Exception:  # noqa: BLE001 - a bug in one must not take a hand from the others
            _log.exception("something in a lane broke", lane=self.name)
        finally:
            with self._lock:
                self._free += 1
            # There may be more than there were hands, or than one channel may have at once.
            self._wake.set()
