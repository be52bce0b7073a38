"""How late checks started: a histogram that is cheap to feed, to store and to merge."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self

_GROWTH = math.log(1.1)


class Histogram:
    """Counts of values in microseconds, in buckets that grow by 10 %; `maximum` is exact."""

    def __init__(self, counts: Mapping[int, int] | None = None, maximum: int = 0) -> None:
        self.counts: dict[int, int] = dict(counts or {})
        self.maximum = maximum

    @classmethod
    def merge(cls, stored: Iterable[Mapping[str, Any]]) -> Self:
        """One histogram of several, each as `as_json` has made it."""
        merged = cls()
        for each in stored:
            merged.maximum = max(merged.maximum, each["max_us"])
            for bucket, count in each["counts"].items():
                merged.counts[int(bucket)] = merged.counts.get(int(bucket), 0) + count
        return merged

    def add(self, microseconds: int) -> None:
        """Count one value; what is below zero counts as zero."""
        bucket = int(math.log(microseconds) / _GROWTH) + 1 if microseconds > 0 else 0
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.maximum = max(self.maximum, microseconds)

    def percentile(self, share: float) -> int:
        """The value in microseconds that `share` (0 to 1) of all are at or below, at most 10 % too high."""
        wanted = share * sum(self.counts.values())
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(self.maximum, math.ceil(math.exp(bucket * _GROWTH))) if bucket else 0
        return 0

    def as_json(self) -> dict[str, object]:
        """The histogram as it is stored in the process's figures."""
        return {
            "counts": {str(bucket): count for bucket, count in dict(self.counts).items()},
            "max_us": self.maximum,
        }
