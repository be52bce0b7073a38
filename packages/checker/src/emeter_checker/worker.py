"""The worker: an RQ worker whose jobs hand claims to an engine that outlives them."""

import gc
import logging
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, cast

from redis import Redis, RedisError
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker, WorkerStatus
from sqlalchemy.exc import DBAPIError

from emeter_checker.engine import Engine
from emeter_checker.gate import Gate
from emeter_checker.guard import AddressGuard
from emeter_checker.hints import CHECK, HintJob, checks_queue, read_hint
from emeter_checker.presence import Presence
from emeter_checker.recorder import Recorder
from emeter_core import checks
from emeter_core.checks import Taken
from emeter_core.processes import SEEN_EVERY_S
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = logging.getLogger(__name__)

DRAIN_S = 65.0
"""The longest timeout, and five seconds: how long what is in flight may take at the end."""

_FLUSH_S = 5.0
_MOST_IN_FLIGHT = 20_000
_REDIS_PAUSE_S = 0.5


class Worker:
    """One worker process: RQ in the main thread, engine, gate and recorder beside it."""

    def __init__(
        self,
        sessions: SessionFactory,
        clock: DatabaseClock,
        redis: Redis,
        vault: Vault,
        guard: AddressGuard,
        *,
        location: str = "local",
        **engine_options: Any,  # noqa: ANN401 - passed on as they are
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._redis = redis
        self._location = location
        self._presence = Presence("worker", sessions, clock)
        self._recorder = Recorder(sessions, clock)
        self._engine = Engine(guard, self._recorder.put, **engine_options)
        self._gate = Gate(sessions, clock, vault, self._engine.submit)
        self._ended = threading.Event()
        self._finishing = False

    def run(self, stop: StopSignal) -> None:
        """Work until asked to stop; then end what is in flight, record it, give the rest back."""
        _calm_collector()
        self._recorder.start()
        self._engine.start()
        self._gate.start()
        reporter = threading.Thread(target=self._report, name="reporter", daemon=True)
        reporter.start()
        HintJob.functions[CHECK] = self.take_up
        _log.info("Checking for %s.", self._location)
        with suppress(StopRequested):
            while not stop.is_set():
                self._listen(stop)
                stop.wait(_REDIS_PAUSE_S)
        self._finish()
        self._ended.set()
        reporter.join()

    def take_up(self, token: str, probe_ids: Sequence[int], slots: Sequence[int]) -> None:
        """The job: confirm the claims of a hint and pass them to the gate. Safe to run twice."""
        hint = read_hint(token, probe_ids, slots)
        if self._engine.in_flight > _MOST_IN_FLIGHT:
            return  # Full. The claims stay untaken, are hinted at again, or end as gaps.
        try:
            process_id = self._presence.id
            with self._sessions.begin() as session:
                taken = checks.take(session, hint, process_id=process_id, now=self._clock.now())
        except DBAPIError as error:
            # Not taken, so hinted at again.
            _log.warning("cannot take claims: %s", str(error.orig).strip().partition("\n")[0])
        else:
            self._gate.add(taken)

    def _listen(self, stop: StopSignal) -> None:
        """Let RQ work until it stops or Redis fails it."""
        try:
            HintWorker(self._redis, self._location, stop).work(logging_level="WARNING")
        except (RedisError, ValueError, OSError) as error:
            _log.warning("Redis is away: %s", str(error).partition("\n")[0])

    def _finish(self) -> None:
        self._finishing = True
        left = self._gate.stop()
        left += [cast("Taken", scheduled.ticket) for scheduled in self._engine.stop(DRAIN_S)]
        self._recorder.stop(_FLUSH_S)
        self._give_back(left)
        self._presence.leave()

    def _give_back(self, left: list[Taken]) -> None:
        if not left:
            return
        try:
            with self._sessions.begin() as session:
                checks.release(session, left)
        except DBAPIError as error:
            # Their leases run out, which has the same end.
            _log.warning("cannot give claims back: %s", str(error.orig).strip().partition("\n")[0])

    def _report(self) -> None:
        while not self._ended.wait(SEEN_EVERY_S / 2):
            try:
                self._clock.measure_if_old()
                self._presence.report(self._figures())
            except DBAPIError as error:
                _log.warning("cannot report: %s", str(error.orig).strip().partition("\n")[0])
            except Exception:  # noqa: BLE001 - the clock is measured in this thread: it must not end
                _log.exception("cannot report")
            self._end_if_crippled()

    def _end_if_crippled(self) -> None:
        """End this process where one of its threads has died: the supervisor starts a whole one."""
        alive = {
            "engine": self._engine.is_alive,
            "gate": self._gate.is_alive,
            "recorder": self._recorder.is_alive,
        }
        dead = [name for name, lives in alive.items() if not lives]
        if dead and not self._finishing:
            _log.error("%s died: this worker ends", " and ".join(dead))
            os.kill(os.getpid(), signal.SIGTERM)

    def _figures(self) -> dict[str, object]:
        return {
            "location": self._location,
            "in_flight": self._engine.in_flight,
            "results_waiting": self._recorder.waiting,
            "recorded": self._recorder.recorded,
            "discarded": self._recorder.discarded,
            "dropped": self._recorder.dropped,
            "lateness": self._recorder.lateness.as_json(),
        }


def _calm_collector() -> None:
    """Let Python look for cycles seldom: a check leaves none.

    Measured with 5,000 monitors: a full look stopped every thread for 0.12 s and came every 10 s, which was
    12 us per check and most of the lateness. Now one comes after some 20 million objects, in 40 minutes.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class HintWorker(SimpleWorker):
    """RQ's worker without what we do not need: no fork, no commands by pub/sub, one queue.

    One queue, because only then RQ takes a job from Redis without a moment in which a crash loses it.
    """

    def __init__(self, redis: Redis, location: str, stop: StopSignal) -> None:
        queue = checks_queue(redis, location)
        super().__init__(
            [queue],
            connection=redis,
            serializer=JSONSerializer,
            job_class=HintJob,
            queue_class=type(queue),
            default_result_ttl=0,
            log_job_description=False,
            worker_ttl=60,
        )
        self._stop = stop
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

    def subscribe(self) -> None:
        """Listen to no commands: whoever can write to Redis could stop us with them."""

    def unsubscribe(self) -> None:
        """There is nothing to end."""
