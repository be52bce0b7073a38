"""The thread that looks at the database: it may wait for it, so it touches no page."""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emeter_core.accounts import Seat
from emeter_core.logs import get_logger
from emeter_web.live.state import Away, Look, Source
from emeter_web.live.stream import Listener

LOOK_EVERY_S = 1.0
# Who may still listen is asked at every second look.
_SEATS_EVERY = 2
_log = get_logger("emeter.web")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found, and for whom it was made."""

    look: Look
    teams: frozenset[uuid.UUID]
    seats: frozenset[Seat]
    """The seats that were asked for."""


class Watch:
    """Looks once a second as long as somebody listens, and tells what it saw."""

    def __init__(
        self, source: Source, listeners: Callable[[], Sequence[Listener]], tell: Callable[[Seen], None]
    ) -> None:
        self._source, self._listeners, self._tell = source, listeners, tell
        self._somebody, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="live watch", daemon=True)
        self._is_away = False

    def start(self) -> None:
        """Begin; the thread ends by `stop`, or with the process."""
        self._thread.start()

    def wake(self) -> None:
        """Say that somebody listens."""
        self._somebody.set()

    def stop(self) -> None:
        """Let it end once it has done looking; a database that is away may keep it, so nobody waits."""
        self._end.set()
        self._somebody.set()

    def _run(self) -> None:
        number = 0
        next_at = 0.0
        while not self._end.is_set():
            listeners = self._listeners()
            if not listeners:
                self._somebody.wait()
                self._somebody.clear()
                continue
            next_at = max(next_at + LOOK_EVERY_S, time.monotonic())
            self._look(listeners, asks_seats=number % _SEATS_EVERY == 0)
            number += 1
            self._end.wait(max(0.0, next_at - time.monotonic()))

    def _look(self, listeners: Sequence[Listener], *, asks_seats: bool) -> None:
        teams = frozenset(listener.seat.team_id for listener in listeners)
        seats = frozenset(listener.seat for listener in listeners) if asks_seats else frozenset[Seat]()
        try:
            look = self._source.look(teams, seats)
        except Away as error:
            if not self._is_away:
                _log.warning("The live pages learn nothing new", error=str(error))
            self._is_away = True
        except Exception:  # noqa: BLE001 - a bug at one look must not keep the pages from all others
            _log.exception("The live pages could not be looked after.")
        else:
            self._is_away = False
            self._tell(Seen(look, teams, seats))
