"""The scheduler: claims the slots that fall due, tells the workers, and looks after what got lost."""

import math
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from redis import Redis, RedisError
from sqlalchemy.orm import Session

from emeter_checker.hint_job import DELIVER, TRY_CHANNEL, TRY_CHECK
from emeter_checker.hints import checks_queue, deliveries_queue, give_hints, most_waiting, nudge
from emeter_checker.housekeeping import Housekeeper
from emeter_checker.presence import Presence
from emeter_checker.ticks import Counts, depths
from emeter_core import checks, heartbeats, processes, trials
from emeter_core.checks import Hint
from emeter_core.logs import get_logger
from emeter_core.metrics import NOWHERE, Address, MetricsSettings, Sample, families
from emeter_core.metrics.listener import tell_metrics
from emeter_core.monitors import location_id_of
from emeter_core.retention import USUAL, Retention
from emeter_core.waiting import Waiting, waiting_for_checker
from emeter_storage.away import AWAY, first_line, is_gone
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

METRICS_PLACE = 0
"""Which of our ports for metrics is the scheduler's."""

TICK_S = 0.5
AHEAD = timedelta(seconds=2)
"""Slots are claimed up to this long before they fall due; a timer in the worker starts each on time."""

_JUMP_S = 1.0
"""A clock that is off by more than this has jumped; what was claimed before begins before we catch up."""

_MOST_PER_TICK = 20_000
_SWEEP_EVERY_S = 5.0
_RECOVER_EVERY_S = 1.0
PATIENCE_S = 7.0
"""How long leases run on when the database is back: workers that have results to record look every 5 s."""

_STANDSTILL_S = 3.0
"""A tick that took longer has waited for something that stood still: the database, or this machine."""

_MISSING_EVERY_S = 1.0
_TRIALS_EVERY_S = 60.0
_LONGEST_PAUSE_S = 5.0


class Scheduler:
    """One scheduler; any number may run at once, as each passes over the probes that another is claiming."""

    def __init__(
        self,
        sessions: SessionFactory,
        clock: DatabaseClock,
        redis: Redis,
        *,
        location: str = "local",
        retention: Retention = USUAL,
        metrics: MetricsSettings = NOWHERE,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._queue = checks_queue(redis, location)
        self._deliveries = deliveries_queue(redis)
        self._location = location
        self._location_id = 0
        self._rate = 0.0
        self._clocks: tuple[datetime, float] | None = None
        self._calm_until = 0.0
        self._last_round = math.inf
        self._has_waited = False
        self._metrics = metrics
        self._told_at: Address | None = None
        self._counts = Counts()
        self._said = False
        self._presence = Presence("scheduler", sessions, clock)
        self._housekeeper = Housekeeper(sessions, clock, retention)
        self._due: dict[Callable[[Session, datetime], None], tuple[float, float]] = {
            self._recover: (_RECOVER_EVERY_S, 0.0),
            self._find_missing: (_MISSING_EVERY_S, 0.0),
            self._sweep: (_SWEEP_EVERY_S, 0.0),
            self._realign: (_SWEEP_EVERY_S, 0.0),
            self._realign_heartbeats: (_SWEEP_EVERY_S, 0.0),
            self._realign_others: (_SWEEP_EVERY_S, 0.0),
            self._measure_rate: (_SWEEP_EVERY_S, 0.0),
            self._purge_trials: (_TRIALS_EVERY_S, 0.0),
        }

    def run(self, wait: Callable[[float], bool]) -> None:
        """Tick until `wait(seconds)` says that it is time to stop."""
        self._told_at = tell_metrics("scheduler", self._metrics, self.samples, first=METRICS_PLACE)
        self._housekeeper.start()
        self._keep_leases()
        pause = 0.0
        while not wait(pause):
            began = time.monotonic()
            pause = self._try_tick(max(pause, TICK_S))
            if pause == TICK_S:
                pause = max(0.01, TICK_S - (time.monotonic() - began))
        self._housekeeper.stop()
        self._presence.leave()

    def tick(self) -> int:
        """Claim and hint once; returns how many slots were claimed. Raises where the database is away."""
        self._clock.measure_if_old()
        now = self._clock.now()
        self._notice_jump(now, time.monotonic())
        if not self._location_id:
            with self._sessions.begin() as session:
                self._location_id = location_id_of(session, self._location)
        self._keep_house(now)
        with self._sessions.begin() as session:
            claimed = self._claim(session, now)
            again = checks.hint_again(session, location_id=self._location_id, now=now)
            waiting = waiting_for_checker(session, now=now)
        # Only what is committed is hinted at: a worker must find the claims.
        self._hint([*claimed, *again], waiting)
        self._report()
        self._counts.ticked(claimed)
        return sum(len(hint.claims) for hint in [*claimed, *again])

    def samples(self) -> Iterator[Sample]:
        """What this process tells at `/metrics`; Redis is asked how much waits there."""
        yield from self._counts.samples()
        yield from depths(self._queue, self._deliveries)
        yield Sample(families.RATE, self._rate)
        yield Sample(families.DATABASE_UP, self._presence.is_database_up)

    def _try_tick(self, pause: float) -> float:
        """Tick; where the database is away say so and return a growing pause."""
        try:
            self.tick()
        except AWAY as error:
            why = "the database is away" if is_gone(error) else "cannot schedule"
            _log.warning(why, error=first_line(error))
            self._keep_leases()
            return min(2 * pause, _LONGEST_PAUSE_S)
        self._let_leases_end()
        if not self._said:
            _log.announce(f"Scheduling the checks of {self._location}.")
            self._said = True
        return TICK_S

    def _keep_leases(self) -> None:
        """Have no lease run out until the database is back, and for a while after that.

        A lease that ran out meanwhile says nothing of its worker, which may have a result for it.
        """
        self._due[self._recover] = (_RECOVER_EVERY_S, math.inf)

    def _let_leases_end(self) -> None:
        if self._due[self._recover][1] == math.inf:
            self._due[self._recover] = (_RECOVER_EVERY_S, time.monotonic() + PATIENCE_S)

    def _notice_standstill(self, moment: float) -> None:
        """Where the last round took too long without an error, give the workers time to record, too.

        Once for each time that we look for lost leases: of a database that is always so slow they must end.
        """
        was, self._last_round = self._last_round, moment
        if moment - was > _STANDSTILL_S and not self._has_waited and self._due[self._recover][1] != math.inf:
            self._due[self._recover] = (_RECOVER_EVERY_S, moment + PATIENCE_S)
            self._has_waited = True

    def _report(self) -> None:
        told = self._told_at and self._told_at._asdict()
        self._presence.report({"location": self._location, "checks_per_second": self._rate, "metrics": told})

    def _claim(self, session: Session, now: datetime) -> list[Hint]:
        """Claim all that is due soon, and of what is overdue no more than goes at its pace: no burst."""
        until = now + AHEAD
        where = self._location_id
        soon = checks.claim_due(
            session, location_id=where, after=now, until=until, limit=_MOST_PER_TICK, now=now
        )
        hints = [soon]
        if time.monotonic() >= self._calm_until:
            hints += checks.claim_overdue(session, location_id=where, until=until, now=now)
        return [hint for hint in hints if hint.claims]

    def _notice_jump(self, now: datetime, moment: float) -> None:
        """Where the clock jumped: wait with what is overdue, and undo what one that was ahead has set."""
        was, then = self._clocks or (now, moment)
        jump_s = (now - was).total_seconds() - (moment - then)
        self._clocks = now, moment
        if abs(jump_s) > _JUMP_S:
            _log.warning("the clock jumped", seconds=round(jump_s, 1))
            self._calm_until = moment + AHEAD.total_seconds()
            for task in (self._realign, self._realign_heartbeats, self._realign_others):
                self._due[task] = (_SWEEP_EVERY_S, moment)
            # After a step ahead all leases are over at once, and their workers still have results.
            self._due[self._recover] = (_RECOVER_EVERY_S, moment + PATIENCE_S)
            self._housekeeper.notice_jump()

    def _hint(self, hints: list[Hint], waiting: Waiting) -> None:
        try:
            if hints:
                give_hints(self._queue, hints, most=most_waiting(self._rate * AHEAD.total_seconds()))
            if waiting.checks:
                nudge(self._queue, TRY_CHECK)
            if waiting.channels:
                nudge(self._deliveries, TRY_CHANNEL)
            if waiting.deliveries:
                nudge(self._deliveries, DELIVER)
        except RedisError as error:
            # What they are about stands, and is hinted at again as soon as Redis is back.
            _log.warning("Redis is away", error=first_line(error))

    def _keep_house(self, now: datetime) -> None:
        """Do what is due of the tasks that come less often than ticks, each in a transaction of its own."""
        moment = time.monotonic()
        self._notice_standstill(moment)
        for task, (every, next_at) in self._due.items():
            if moment < next_at:
                continue
            self._due[task] = (every, moment + every)
            try:
                with self._sessions.begin() as session:
                    task(session, now)
            except Exception as error:
                if is_gone(error):
                    raise
                name = task.__name__.strip("_").replace("_", " ")
                if isinstance(error, AWAY):
                    _log.warning("a task of the scheduler failed", task=name, error=first_line(error))
                else:
                    _log.exception("a task of the scheduler failed", task=name)

    def _recover(self, session: Session, now: datetime) -> None:
        self._has_waited = False
        renewed, lost = checks.recover(session, location_id=self._location_id, now=now)
        self._counts.recovered += renewed
        self._counts.lost += lost
        if renewed or lost:
            _log.info("leases ran out", claimed_again=renewed, slots_lost=lost)

    def _find_missing(self, session: Session, now: datetime) -> None:
        missing = heartbeats.find_missing(session, now=now)
        if missing:
            _log.info("heartbeats did not come", runs=missing)

    def _sweep(self, session: Session, now: datetime) -> None:
        silent = checks.sweep_silence(session, now=now)
        if silent:
            _log.info("monitors have no data any more", monitors=silent)

    # Each in a transaction of its own: probes are held before monitors.
    def _realign(self, session: Session, _now: datetime) -> None:
        ahead = checks.realign(session, location_id=self._location_id, now=self._now_for_sure())
        if ahead:
            _log.warning("the clock was ahead: monitors are scheduled anew", monitors=ahead)

    def _realign_heartbeats(self, session: Session, _now: datetime) -> None:
        ahead = heartbeats.realign(session, now=self._now_for_sure())
        if ahead:
            _log.warning("the clock was ahead: heartbeats are expected anew", monitors=ahead)

    def _realign_others(self, session: Session, _now: datetime) -> None:
        now = self._now_for_sure()
        processes.realign(session, now=now)
        trials.realign(session, now=now)

    def _now_for_sure(self) -> datetime:
        """As of this moment: a clock that has not heard of a step ahead would take for ahead what is not."""
        self._clock.measure()
        return self._clock.now()

    def _measure_rate(self, session: Session, _now: datetime) -> None:
        self._rate = checks.checks_per_second(session, location_id=self._location_id)

    def _purge_trials(self, session: Session, now: datetime) -> None:
        trials.purge(session, now=now)
