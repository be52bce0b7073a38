"""The hub: what is new in the teams that are looked at, told to all their open pages.

Two threads, however many pages are open: the watch looks at the database, once a second and once for all
teams; the pump writes to the pages, and waits for nothing.
"""

import socket
import threading
import uuid
from functools import partial

from emeter_web.live.budget import Budget
from emeter_web.live.state import Source
from emeter_web.live.stream import Listener, Stream
from emeter_web.live.teller import Teller
from emeter_web.live.watch import Seen, Watch


class Hub:
    """All open pages of this process. Its threads begin with the first page: never before a fork."""

    def __init__(self, source: Source, *, limit: int, budget: Budget | None = None) -> None:
        """Have room for `limit` pages, whose fetches cost what `budget` allows."""
        self.budget = budget or Budget()
        self._source, self._limit = source, limit
        self._lock = threading.Lock()
        self._running: tuple[Teller, Watch] | None = None
        self._has_ended = False

    def __len__(self) -> int:
        return len(self._running[0].pump.streams) if self._running else 0

    @property
    def has_room(self) -> bool:
        """Whether one more page can be followed."""
        return not self._has_ended and len(self) < self._limit

    def open(self, sock: socket.socket, listener: Listener, first: bytes) -> None:
        """Take a socket, which is closed when the page is; `first` is written before anything else."""
        running = self._start()
        if running is None:
            sock.close()
            return
        teller, watch = running
        stream = Stream(sock, listener)
        teller.pump.call(partial(teller.welcome, stream, first, watch.wake))

    def revision(self, team_id: uuid.UUID) -> str:
        """The revision that a team had a moment ago; empty where nobody looked."""
        return self._running[0].revision(team_id) if self._running else ""

    def close(self) -> None:
        """End all streams at once."""
        with self._lock:
            running, self._running, self._has_ended = self._running, None, True
        if running:
            teller, watch = running
            watch.stop()
            teller.pump.stop()

    def _start(self) -> tuple[Teller, Watch] | None:
        """The threads; None after the end."""
        with self._lock:
            if self._running is None and not self._has_ended:
                teller = Teller(self.budget)
                self._running = teller, Watch(self._source, teller.listeners, partial(_pass_on, teller))
                for each in (teller.pump, self._running[1]):
                    each.start()
            return self._running


def _pass_on(teller: Teller, seen: Seen) -> None:
    """From the watch's thread to the pump's."""
    teller.pump.call(partial(teller.hear, seen))
