"""Hints in RQ: that claims fall due. The truth stands in PostgreSQL; a hint may get lost, or come twice."""

import math
import uuid
from collections.abc import Sequence

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from emeter_checker.hint_job import CHECK, FAILURE_TTL_S, JOB_TIMEOUT_S, HintJob
from emeter_core.checks import Hint

MOST_CLAIMS = 500
"""Claims in one hint: few enough to be shared among workers, enough that a job costs nothing per check."""

FEWEST_WAITING = 10
"""Hints that the queue always has room for: twice those of the ticks between a claim and its slot."""

_TTL_S = 60


def checks_queue(redis: Redis, location: str) -> Queue:
    """The queue of one location's hints: claims to check, and checks to try."""
    return _queue(redis, f"checks:{location}")


def deliveries_queue(redis: Redis) -> Queue:
    """The queue of the senders: what is to be delivered, and channels to try."""
    return _queue(redis, "deliveries")


def _queue(redis: Redis, name: str) -> Queue:
    return Queue(
        name,
        connection=redis,
        default_timeout=JOB_TIMEOUT_S,
        job_class=HintJob,
        serializer=JSONSerializer,
    )


def most_waiting(in_flight: float) -> int:
    """How many hints may wait: twice as many as `in_flight` claims make. Who takes none needs no more."""
    return max(FEWEST_WAITING, 2 * math.ceil(in_flight / MOST_CLAIMS))


def give_hints(queue: Queue, hints: Sequence[Hint], *, most: int = FEWEST_WAITING) -> int:
    """Put hints into the queue, until `most` wait there; returns how many jobs that made.

    Raises redis.RedisError where Redis is away; claims that nobody was told of are hinted at again later.
    """
    room = most - queue.count
    jobs = [part for hint in hints for part in _parts(hint)][: max(0, room)]
    for token, claims in jobs:
        queue.enqueue_call(
            CHECK,
            args=(str(token), [claim[0] for claim in claims], [claim[1] for claim in claims]),
            result_ttl=0,
            failure_ttl=FAILURE_TTL_S,
            ttl=_TTL_S,
            # Without one RQ writes all the arguments out.
            description=CHECK,
        )
    return len(jobs)


def nudge(queue: Queue, name: str) -> bool:
    """Say that there is work of a sort, before all that waits; False where that was said and not yet heard.

    Raises redis.RedisError where Redis is away; whoever does the work looks by himself now and then.
    """
    if any(job_id.startswith(f"{name}-") for job_id in queue.get_job_ids()):
        return False
    queue.enqueue_call(
        name,
        job_id=f"{name}-{uuid.uuid4().hex}",
        at_front=True,
        result_ttl=0,
        failure_ttl=FAILURE_TTL_S,
        ttl=_TTL_S,
        description=name,
    )
    return True


def read_hint(token: str, probe_ids: Sequence[int], slots: Sequence[int]) -> Hint:
    """The hint that a job carried; raises ValueError or TypeError where it is none of ours."""
    claims = [(int(probe_id), int(slot)) for probe_id, slot in zip(probe_ids, slots, strict=True)]
    if not claims:
        raise ValueError("a hint at nothing")
    return Hint(uuid.UUID(token), claims)


def _parts(hint: Hint) -> list[tuple[uuid.UUID, list[tuple[int, int]]]]:
    claims = hint.claims
    return [(hint.token, claims[start : start + MOST_CLAIMS]) for start in range(0, len(claims), MOST_CLAIMS)]
