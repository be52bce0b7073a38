"""The reporter: tells every few seconds that this process runs, and ends it where it only half does."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from emeter_checker.presence import Presence
from emeter_core.logs import get_logger
from emeter_core.processes import SEEN_EVERY_S
from emeter_storage.away import first_line
from emeter_storage.engine import DatabaseClock

_log = get_logger(__name__)


class Part(Protocol):
    """A part of this process with a thread of its own."""

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""


class Reporter:
    """A thread that reports `figures()`, measures the clock, and watches over the threads of `parts`."""

    def __init__(
        self,
        presence: Presence,
        clock: DatabaseClock,
        *,
        figures: Callable[[], Mapping[str, object]],
        parts: Mapping[str, Part],
    ) -> None:
        self._presence = presence
        self._clock = clock
        self._figures = figures
        self._parts = parts
        self._watching = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin to report; the parts must have started."""
        self._thread.start()

    def watch_no_more(self) -> None:
        """Let parts end: the process does."""
        self._watching = False

    def stop(self, within: float) -> None:
        """Report no more, and take this process out of the table: for at most `within` seconds."""
        self._ended.set()
        self._thread.join(max(0.0, within))

    def _run(self) -> None:
        # At once, then every few seconds: until the first report nobody knows that this process is there.
        pause = 0.0
        while not self._ended.wait(pause):
            pause = SEEN_EVERY_S / 2
            try:
                self._clock.measure_if_old()
                self._presence.report(self._figures())
            except DBAPIError as error:
                _log.warning("cannot report", error=first_line(error))
            except Exception:  # noqa: BLE001 - the clock is measured in this thread: it must not end
                _log.exception("cannot report")
            self._end_if_crippled()
        self._presence.leave()

    def _end_if_crippled(self) -> None:
        """End this process where one of its threads has died: the supervisor starts a whole one."""
        dead = [name for name, part in self._parts.items() if not part.is_alive]
        if dead and self._watching:
            _log.error("a part died: this process ends", parts=" and ".join(dead))
            os.kill(os.getpid(), signal.SIGTERM)
