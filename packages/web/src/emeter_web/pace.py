"""Answers that are not urgent leave one after the other, however many ask at once.

Whoever is refused, or told to come back, asks again at once, from as many addresses as they have: a thousand
such answers a second would take the interpreter from everybody's pages.
"""

import time
from threading import Lock

# With two milliseconds of work for each, a tenth of a core.
_EVERY_S = 0.02
# As long as the last in the queue waits, in one of the server's 256 threads; who comes when a hundred are
# waiting does not wait.
_MOST_S = 2.0


class Pace:
    """A queue that moves on fifty times a second; nobody waits in an empty one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            if turn - now > _MOST_S:
                return
            self._next = turn + _EVERY_S
        if turn > now:
            time.sleep(turn - now)
