"""What it may cost that pages fetch themselves again: a storm of changes must not stop the server."""

import threading
import time
from collections.abc import Callable

# The share of a core that these fetches may use for long, and what may be used at once after a calm.
_SHARE = 0.045
_STORE_S = 0.8
# Before anything was measured; and what the server spends on a fetch outside of what is measured.
_GUESS_S = 0.0035
_AROUND_S = 0.0027
# How much one more fetch counts in the mean.
_WEIGHT = 0.05
# So many pages a second fetch after a change: a few do at once, many within a moment.
_RATE = 250
_SPREAD_AT_MOST_S = 0.8


class Budget:
    """Seconds of CPU: a store that refills by and by, and may be overdrawn once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left_s, self._at, self._mean_s = _STORE_S, clock(), _GUESS_S

    def take(self, fetches: int) -> bool:
        """Whether so many may be asked for now; what they will cost is taken."""
        now = self._clock()
        with self._lock:
            self._left_s = min(_STORE_S, self._left_s + (now - self._at) * _SHARE)
            self._at = now
            if self._left_s <= 0:
                return False
            self._left_s -= fetches * self._mean_s
            return True

    def learn(self, cost_s: float) -> None:
        """Take into account what one fetch has cost, in seconds of CPU; in any thread."""
        with self._lock:
            self._mean_s += (cost_s + _AROUND_S - self._mean_s) * _WEIGHT


def spread_ms(pages: int) -> int:
    """Over how many milliseconds so many pages fetch themselves again."""
    return round(min(pages / _RATE, _SPREAD_AT_MOST_S) * 1000) if pages > 1 else 0
