"""What a scheduler counts of its ticks, and how much waits in its queues."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from redis import RedisError
from rq import Queue

from emeter_core.checks import Hint
from emeter_core.metrics import Sample, families


@dataclass(slots=True)
class Counts:
    """Plain numbers of one process; one thread counts, any other may read."""

    claimed: int = 0
    missed: int = 0
    lost: int = 0
    recovered: int = 0
    ticked_at: float = field(default_factory=time.monotonic)

    def ticked(self, claimed: Iterable[Hint]) -> None:
        """Count a tick that went well, and what it claimed."""
        for hint in claimed:
            self.claimed += len(hint.claims)
            self.missed += hint.missed
        self.ticked_at = time.monotonic()

    def samples(self) -> Iterator[Sample]:
        """All of it for `/metrics`."""
        yield Sample(families.TICK_AGE, time.monotonic() - self.ticked_at)
        yield Sample(families.CLAIMS, self.claimed)
        yield Sample(families.SLOTS_MISSED, self.missed, ("missed",))
        yield Sample(families.SLOTS_MISSED, self.lost, ("lost",))
        yield Sample(families.LEASES_RECOVERED, self.recovered)


def depths(*queues: Queue) -> Iterator[Sample]:
    """How many jobs wait in each queue, and whether Redis answered that."""
    try:
        found = [Sample(families.QUEUE_DEPTH, queue.count, (queue.name,)) for queue in queues]
    except RedisError:
        yield Sample(families.REDIS_UP, 0)
    else:
        yield Sample(families.REDIS_UP, 1)
        yield from found
