"""The worker: an RQ worker whose jobs hand claims to an engine that outlives them."""

import gc
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from redis import Redis

from emeter_checker.engine import Engine, Finished
from emeter_checker.gate import Gate
from emeter_checker.guard import AddressGuard
from emeter_checker.hint_job import CHECK, TRY_CHECK, HintJob
from emeter_checker.hint_worker import listen
from emeter_checker.hints import checks_queue, read_hint
from emeter_checker.presence import Presence
from emeter_checker.recorder import Recorder
from emeter_checker.reporter import Reporter
from emeter_checker.trials import CheckTrials, Tried
from emeter_core import checks
from emeter_core.checks import Taken
from emeter_core.logs import get_logger
from emeter_core.metrics import NOWHERE, Address, MetricsSettings, Sample, families
from emeter_core.metrics.listener import tell_metrics
from emeter_core.monitors.draft import MAX_TIMEOUT
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.vault import Vault
from emeter_storage.away import AWAY, first_line
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

DRAIN_S = MAX_TIMEOUT + 2.0
"""How long what is in flight may take at the end: the longest timeout, and to ask whose fault it was."""

METRICS_PLACE = 2
"""Which of our ports for metrics workers begin at: those before are the scheduler's and the sender's."""

_FARTHEST_US = 5_000_000
"""Slots are hinted at two seconds ahead; what is overdue by more may be as well a sign of a jump."""

_FLUSH_S = 2.5
"""What all that writes has then, so that the end takes five seconds more than the longest timeout."""

_GATE_S = 1.0
_FAR_BEHIND_S = 2.0
"""So long a result may wait: with more checks more leases would run out before they are recorded."""

_TOO_FAR_BEHIND_S = 4.0
"""From then on not even what was taken is checked. Between the two is what a database takes that pauses."""


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
        metrics: MetricsSettings = NOWHERE,
        **engine_options: Any,  # noqa: ANN401 - passed on as they are
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._redis = redis
        self._location = location
        self._metrics = metrics
        self._told_at: Address | None = None
        self._presence = Presence("worker", sessions, clock)
        self._recorder = Recorder(sessions, clock)
        self._engine = Engine(guard, self._ended, **engine_options)
        self._gate = Gate(sessions, clock, vault, self._engine.submit, self._room)
        self._trials = CheckTrials(sessions, clock, vault, self._engine.submit)
        self._reporter = Reporter(
            self._presence,
            clock,
            figures=self._figures,
            parts={
                "engine": self._engine,
                "gate": self._gate,
                "recorder": self._recorder,
                "trials": self._trials,
            },
        )

    def run(self, stop: StopSignal) -> None:
        """Work until asked to stop; then end what is in flight, record it, give the rest back."""
        _calm_collector()
        self._told_at = tell_metrics("worker", self._metrics, self.samples, first=METRICS_PLACE)
        self._recorder.start()
        self._engine.start()
        self._gate.start()
        self._trials.start()
        self._reporter.start()
        HintJob.functions |= {CHECK: self.take_up, TRY_CHECK: self._trials.look}
        _log.announce(f"Checking for {self._location}.")
        listen(checks_queue(self._redis, self._location), stop, is_full=self._is_full)
        self._finish()

    def take_up(self, token: str, probe_ids: Sequence[int], slots: Sequence[int]) -> None:
        """The job: confirm the claims of a hint and pass them to the gate. Safe to run twice."""
        hint = read_hint(token, probe_ids, slots)
        try:
            process_id = self._presence.id
            self._agree_about_time(slots)
            with self._sessions.begin() as session:
                taken = checks.take(session, hint, process_id=process_id, now=self._clock.now())
        except AWAY as error:
            # Not taken, so hinted at again.
            _log.warning("cannot take claims", error=first_line(error))
        else:
            self._gate.add(taken)

    def _agree_about_time(self, slots: Sequence[int]) -> None:
        """Look at the clock where a hint seems to be of another time: it may have jumped."""
        if abs(max(slots) - checks.to_us(self._clock.now())) > _FARTHEST_US:
            self._clock.measure()

    def _is_full(self) -> bool:
        """Whether to leave hints to others, or to their end as gaps."""
        return not self._room() or self._recorder.behind > _FAR_BEHIND_S

    def _room(self) -> int:
        """How many checks more may begin."""
        return 0 if self._recorder.behind > _TOO_FAR_BEHIND_S else self._engine.room

    def _ended(self, finished: Finished) -> None:
        """Pass on what the engine has done; called in its thread, for each check."""
        ticket = finished.ticket
        if isinstance(ticket, Tried):
            self._trials.put(finished, ticket.trial_id)
        else:
            self._recorder.put(finished)

    def _finish(self) -> None:
        """End within the timeout of what is in flight and five seconds, whatever the database does."""
        until = time.monotonic() + DRAIN_S
        self._reporter.watch_no_more()
        self._trials.take_no_more()
        left = self._gate.stop(_GATE_S)
        tickets = [scheduled.ticket for scheduled in self._engine.take_no_more()]
        left += [ticket for ticket in tickets if isinstance(ticket, Taken)]
        # At once: what is in flight may take longer than what falls due now can wait for another worker.
        giving_back = threading.Thread(target=self._give_back, args=(left,), name="giving back", daemon=True)
        giving_back.start()
        self._engine.stop(until - time.monotonic())
        until = time.monotonic() + _FLUSH_S
        self._trials.end()
        self._recorder.stop(until - time.monotonic())
        self._trials.stop(until - time.monotonic())
        self._reporter.stop(until - time.monotonic())
        giving_back.join(max(0.0, until - time.monotonic()))

    def _give_back(self, left: list[Taken]) -> None:
        if not left:
            return
        try:
            with self._sessions.begin() as session:
                checks.release(session, left)
        except AWAY as error:
            # Their leases run out, which has the same end.
            _log.warning("cannot give claims back", error=first_line(error))

    def _figures(self) -> dict[str, object]:
        return {
            "location": self._location,
            "in_flight": self._engine.in_flight,
            "network": self._engine.network_trouble,
            "results_waiting": self._recorder.waiting,
            "recorded": self._recorder.recorded,
            "discarded": self._recorder.discarded,
            "dropped": self._recorder.dropped,
            "refused_jobs": HintJob.refused,
            "lateness": self._recorder.tally.lateness.as_json(),
            "metrics": self._told_at and self._told_at._asdict(),
        }

    def samples(self) -> Iterator[Sample]:
        """What this process tells at `/metrics`."""
        recorder, engine = self._recorder, self._engine
        yield from recorder.tally.samples()
        yield Sample(families.IN_FLIGHT, engine.in_flight)
        yield Sample(families.TOO_LATE, engine.too_late + self._gate.too_late)
        yield Sample(families.EXCUSED, engine.effort.excused)
        yield Sample(families.CLAIMS_WAITING, self._gate.waiting)
        yield Sample(families.RESULTS_WAITING, recorder.waiting)
        yield Sample(families.RESULTS_RECORDED, recorder.recorded)
        yield Sample(families.RESULTS_DISCARDED, recorder.discarded)
        yield Sample(families.RESULTS_DROPPED, recorder.dropped)
        yield Sample(families.NETWORK_UP, not engine.network_trouble)
        yield Sample(families.REFUSED_JOBS, HintJob.refused)
        yield Sample(families.DATABASE_UP, self._presence.is_database_up)


def _calm_collector() -> None:
    """Let Python look for cycles seldom: a check leaves none.

    Measured with 5,000 monitors: a full look stopped every thread for 0.12 s and came every 10 s, which was
    12 us per check and most of the lateness. Now one comes after some 20 million objects, in 40 minutes.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
