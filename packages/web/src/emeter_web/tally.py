"""A line a minute in the log about what may happen fifty times a second."""

import time
from collections import Counter
from threading import Lock

from emeter_core.logs import get_logger

_EVERY_S = 60.0

_log = get_logger("emeter.web")


class Tally:
    """Requests that were refused: the first is told at once, the others with the next one a minute later.

    `said` is what the line begins with.
    """

    def __init__(self, said: str = "Requests beyond a limit were refused") -> None:
        self._said = said
        self._lock = Lock()
        self._untold: Counter[str] = Counter()
        self._told_at = float("-inf")

    def count(self, why: str, address: str) -> None:
        """Note that a request from this address was refused; `why` is one of a few words."""
        with self._lock:
            self._untold[why] += 1
            if time.monotonic() - self._told_at < _EVERY_S:
                return
            self._told_at = time.monotonic()
            told, self._untold = self._untold, Counter()
        numbers = ", ".join(f"{name}: {number}" for name, number in told.items())
        _log.warning(self._said, requests=numbers, last_from=address)
