"""A heap of instants."""

import heapq
import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

_Entry = tuple[float, int, Callable[[Any], None], Any]


class Timers:
    """What shall happen when, in seconds of `time.monotonic()`.

    There is no way to cancel: whoever set a timer ignores it when it comes too late. That costs a
    heap as long as the timers of one timeout, and saves a search per check.
    """

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        # Keeps the order of equal instants; without it they would compare callbacks.
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, when: float, call: Callable[[Any], None], subject: object) -> None:
        """Have `call(subject)` due at `when`."""
        heapq.heappush(self._heap, (when, next(self._numbers), call, subject))

    def next_at(self) -> float:
        """When the earliest timer is due; infinity where there is none. For any thread."""
        try:
            return self._heap[0][0]
        except IndexError:
            return math.inf

    def due(self, now: float) -> Iterator[tuple[Callable[[Any], None], Any]]:
        """Take out, one by one, what is due at `now`."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, _, call, subject = heapq.heappop(heap)
            yield call, subject

    def remove(self, call: Callable[[Any], None]) -> list[Any]:
        """Take out every timer of this callback; returns their subjects, earliest first."""
        taken = sorted(entry for entry in self._heap if entry[2] == call)
        self._heap = [entry for entry in self._heap if entry[2] != call]
        heapq.heapify(self._heap)
        return [subject for _, _, _, subject in taken]
