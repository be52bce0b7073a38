"""That this process runs, told to the database every few seconds."""

import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from emeter_core import processes
from emeter_storage.engine import DatabaseClock, SessionFactory


class Presence:
    """This process in the table of processes; `id` is made when it is first asked for."""

    def __init__(self, name: str, sessions: SessionFactory, clock: DatabaseClock) -> None:
        self._name = name
        self._sessions = sessions
        self._clock = clock
        self._id: uuid.UUID | None = None
        self._next_at = 0.0
        self._answered_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def id(self) -> uuid.UUID:
        """The id of this process; raises the driver's error where the database is away."""
        with self._lock:
            if self._id is None:
                with self._sessions.begin() as session:
                    self._id = processes.enlist(session, self._name, location_id=None, now=self._clock.now())
            return self._id

    def report(self, info: Mapping[str, Any]) -> None:
        """Say that it still runs, if that was not said lately."""
        if time.monotonic() < self._next_at:
            return
        if not self._is_known(info):
            self._id = None  # Forgotten, as after a day of sleep: it enlists anew.
            self._is_known(info)
        self._answered_at = time.monotonic()
        self._next_at = self._answered_at + processes.SEEN_EVERY_S

    def _is_known(self, info: Mapping[str, Any]) -> bool:
        process_id = self.id
        with self._sessions.begin() as session:
            return processes.report(session, process_id, info, now=self._clock.now())

    @property
    def is_database_up(self) -> bool:
        """Whether the database answered lately: twice it may be missed."""
        return time.monotonic() < self._answered_at + 3 * processes.SEEN_EVERY_S

    def leave(self) -> None:
        """Take this process out of the table; a database that is away finds out by itself."""
        if self._id is not None:
            with suppress(SQLAlchemyError), self._sessions.begin() as session:
                processes.leave(session, self._id)
