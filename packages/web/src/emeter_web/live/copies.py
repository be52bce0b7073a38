"""Copies of pages, made once for all of a team who fetch the same page after the same change."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

# Pages of a team fetch themselves within a second after a change; figures in them must not be older.
KEPT_S = 2.0
_AT_MOST = 64


@dataclass(frozen=True, slots=True)
class Copy:
    """The body of an answer, compressed by gzip."""

    mimetype: str
    body: bytes


@dataclass(slots=True)
class _Place:
    made_at: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    copy: Copy | None = None


class Copies:
    """A short memory: whoever asks first makes the copy, who asks meanwhile waits for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[Hashable, _Place] = {}

    def get(self, key: Hashable, make: Callable[[], Copy]) -> Copy:
        """Return the copy of `key`, or make it; where that raises, the next one tries again."""
        place = self._place(key)
        with place.lock:
            if place.copy is None:
                place.copy = make()
            return place.copy

    def _place(self, key: Hashable) -> _Place:
        now = self._clock()
        with self._lock:
            self._places = {
                each: place for each, place in self._places.items() if now - place.made_at < KEPT_S
            }
            if key not in self._places and len(self._places) >= _AT_MOST:
                return _Place(now)
            return self._places.setdefault(key, _Place(now))
