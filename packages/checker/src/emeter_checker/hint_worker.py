"""RQ's worker as our processes use it: it takes hints, nothing else, and ends on a signal at once."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import cast

from redis import Redis, RedisError, ResponseError
from rq import Queue
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import SimpleWorker, WorkerStatus
from rq.worker_registration import clean_worker_registry

from emeter_checker.hint_job import HintJob
from emeter_core.logs import get_logger
from emeter_core.redis_server import inspect
from emeter_core.supervisor.runtime import StopSignal
from emeter_storage.away import first_line

_log = get_logger(__name__)

_REDIS_PAUSE_S = 0.5
_ROOM_PAUSE_S = 0.1
_PATIENCE_S = 60
"""How long an answer of Redis may take: RQ waits 45 s for a job."""


def _never() -> bool:
    return False


def listen(queue: Queue, stop: StopSignal, *, is_full: Callable[[], bool] = _never) -> None:
    """Run the hints of `queue` on this thread, the main one, until asked to stop; Redis may come and go.

    While `is_full` says so no hint is taken: others may have room, and in the queue it can be taken back.
    Raises UserError for a Redis that is too old.
    """
    # RQ does so itself, but not for the connection by which we look at the server.
    queue.connection.connection_pool.connection_kwargs["socket_timeout"] = _PATIENCE_S
    warned = ""
    with suppress(StopRequested):
        while not stop.is_set():
            try:
                warned = _inspect(queue.connection, warned)
                HintWorker(queue, stop, is_full).work(logging_level="WARNING")
            except (RedisError, ValueError, OSError) as error:
                _log.warning("Redis is away", error=first_line(error))
            stop.wait(_REDIS_PAUSE_S)


def _inspect(redis: Redis, warned: str) -> str:
    """Look what kind of a server it is, and warn the operator once; returns the last warning."""
    warning = inspect(redis)
    is_local = "path" in redis.connection_pool.connection_kwargs
    if warning and warning != warned and not is_local:
        _log.warning("%s", warning)
    return warning


class HintWorker(SimpleWorker):
    """RQ's worker without what we do not need: no fork, no commands by pub/sub, one queue.

    One queue, because only then RQ takes a job from Redis without a moment in which a crash loses it.
    """

    def __init__(self, queue: Queue, stop: StopSignal, is_full: Callable[[], bool] = _never) -> None:
        super().__init__(
            [queue],
            connection=queue.connection,
            serializer=JSONSerializer,
            job_class=HintJob,
            queue_class=type(queue),
            default_result_ttl=0,
            log_job_description=False,
            worker_ttl=60,
        )
        self._stop = stop
        self._is_full = is_full
        # RQ doubles its pause up to a minute while Redis is away; ours is short, as a check waits for nobody.
        self.exponential_backoff_factor = 1.0
        self.max_connection_wait_time = 1.0

    def _install_signal_handlers(self) -> None:
        """Take the signals over, and see one that came just before."""
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]  # RQ has no type for it
        if self._stop.is_set():
            self._stop_requested = True

    def request_stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        """Stop after the job at hand; without asking Redis, which may be the reason."""
        self._stop.set()
        self._stop_requested = True
        # A second signal changes nothing: the supervisor ends what takes too long.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Take the next job, as soon as there is room for it; raises StopRequested where asked to stop."""
        while self._is_full():
            if self._stop.wait(_ROOM_PAUSE_S):
                raise StopRequested
        return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - as RQ calls it
        """Work on: whoever can write to Redis could stop us with a key."""

    def run_maintenance_tasks(self) -> None:
        """Forget what workers that died have left: nothing is recovered from Redis, as nothing is true there.

        RQ's own would read every job that is left, stop at one that it cannot read, and begin there again.
        """
        self.last_cleaned_at = now()  # type: ignore[assignment]  # RQ has it so
        queue = self.queues[0]
        started, failed = queue.started_job_registry, queue.failed_job_registry
        try:
            # Hints that another worker takes this very moment lose nothing but their place in this list.
            self.connection.delete(queue.intermediate_queue_key)
            for entry in cast("list[bytes]", self.connection.zrangebyscore(started.key, 0, time.time())):
                job_id = entry.decode("utf-8", "replace").partition(":")[0]
                self.connection.delete(f"{HintJob.redis_job_namespace_prefix}{job_id}")
            for registry in (started, failed):
                self.connection.zremrangebyscore(registry.key, 0, time.time())
            clean_worker_registry(queue)
        except ResponseError as error:
            _log.warning("cannot tidy up in Redis", error=str(error))

    def subscribe(self) -> None:
        """Listen to no commands: whoever can write to Redis could stop us with them."""

    def unsubscribe(self) -> None:
        """There is nothing to end."""
