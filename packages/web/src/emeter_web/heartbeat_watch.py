"""That this process takes pings: told every two seconds, so that its absence makes no job late."""

import threading

from sqlalchemy.exc import SQLAlchemyError

from emeter_core.heartbeats import WATCH_EVERY_S, keep_watch
from emeter_core.logs import get_logger
from emeter_storage.away import first_line
from emeter_web.db import Parts

_log = get_logger("emeter.web")


class HeartbeatWatch:
    """A thread that tells. Where the database is away no ping can be taken either, and nothing is told."""

    def __init__(self, parts: Parts) -> None:
        self._database = parts.database
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within: float = 2.0) -> None:
        """End, within so many seconds."""
        self._over.set()
        self._thread.join(within)

    def tell(self) -> None:
        """Say it once; raises SQLAlchemyError where the database is away."""
        self._database.clock.measure_if_old()
        with self._database.sessions.begin() as session:
            keep_watch(session, now=self._database.clock.now())

    def _run(self) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            pause = WATCH_EVERY_S
            try:
                self.tell()
            except SQLAlchemyError as error:
                _log.warning("The watch for heartbeats is not kept", error=first_line(error))
