"""What the workers tell of themselves: counted since their start, told every 5 s."""

from collections import Counter
from dataclasses import dataclass

from instance import Instance

from emeter_core.processes import Histogram, list_processes


@dataclass(frozen=True, slots=True)
class Workers:
    """The counters of all workers, added up. `maximum` in microseconds, since the start."""

    recorded: int
    discarded: int
    dropped: int
    late: Counter[int]
    maximum: int

    def __sub__(self, before: "Workers") -> "Workers":
        late = Counter(self.late)
        late.subtract(before.late)
        return Workers(
            self.recorded - before.recorded,
            self.discarded - before.discarded,
            self.dropped - before.dropped,
            +late,
            self.maximum,
        )

    def lateness(self) -> dict[str, float]:
        """Percentiles in milliseconds; the greatest one too is that of its bucket, at most 10 % too high."""
        histogram = Histogram(self.late, self.maximum)
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {name: histogram.percentile(share) / 1000 for name, share in shares.items()}

    def counts(self) -> dict[str, int]:
        """Results that were not stored, and those that were."""
        return {"recorded": self.recorded, "discarded": self.discarded, "dropped": self.dropped}


def ask(instance: Instance) -> Workers:
    """Add up what the table of processes has."""
    with instance.sessions.begin() as session:
        told = [process.info for process in list_processes(session, name="worker") if process.info]
    late: Counter[int] = Counter()
    for info in told:
        late.update({int(bucket): count for bucket, count in info["lateness"]["counts"].items()})
    return Workers(
        sum(info["recorded"] for info in told),
        sum(info["discarded"] for info in told),
        sum(info["dropped"] for info in told),
        late,
        max((info["lateness"]["max_us"] for info in told), default=0),
    )
