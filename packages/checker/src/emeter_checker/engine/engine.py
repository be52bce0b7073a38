"""The loop: one thread, one epoll, one heap of timers."""

import select
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice

from emeter_checker.authorities import authorities
from emeter_checker.engine.descriptors import raise_descriptor_limit
from emeter_checker.engine.effort import Effort
from emeter_checker.engine.intake import Intake
from emeter_checker.engine.job import Finished, Scheduled
from emeter_checker.engine.network import DOUBTFUL, OwnNetwork, Spokesman
from emeter_checker.engine.resolver import Resolver
from emeter_checker.engine.timers import Timers
from emeter_checker.engine.transfers import Transfers
from emeter_checker.guard import AddressGuard
from emeter_checker.kinds import PROBES
from emeter_checker.kinds.base import Check, Services
from emeter_checker.loop import Loop
from emeter_core.logs import get_logger
from emeter_core.outcome import Outcome, Reason

_log = get_logger(__name__)

_BACKSTOP = 0.25
"""Seconds after its deadline at which we end a check that libcurl did not end."""

_SWEEP = 0.25
"""Seconds between looks for such checks."""

_TICK = 0.002
"""Seconds within which starts are gathered: where they are dense, to wake for each costs a fifth of them."""

_LATE = 1.0
"""Seconds behind its instants at which the engine takes no more: it has no more time to give."""

_LONGEST_WAIT = 5.0
_EVENTS_PER_WAIT = 1024
_STARTS_PER_ROUND = 256
"""Few enough that what is under way is seen to in between: who begins too much at once ends it too late."""

_MOST_IN_FLIGHT = 20_000
_OTHER_DESCRIPTORS = 100
"""Open files of this process besides those of checks: libraries, connections to PostgreSQL and Redis."""
_PAUSE_AFTER_BUG = 0.05
_REFUSED_WITHIN = 1.0
"""Seconds that one round of the engine may take before nobody waits for it any more."""


class Engine:
    """Runs checks in a thread of its own; see the package.

    `on_done` is called in that thread: it must be quick and must not raise. `dns_servers` replace
    those of the system (`127.0.0.1:5353`), `ca_file` its certificate authorities: both for tests.
    `anchors` are hosts and ports that answer as long as our own network does. Of the engines at the same
    network that have the same `installation` one tells when it is away.
    """

    def __init__(
        self,
        guard: AddressGuard,
        on_done: Callable[[Finished], None],
        *,
        user_agent: str = "E-Meter/0.1",
        anchors: Sequence[tuple[str, int]] = (),
        dns_servers: Sequence[str] = (),
        ca_file: str | None = None,
        installation: str = "",
    ) -> None:
        self._on_done = on_done
        self._epoll = select.epoll()
        self._intake = Intake(self._epoll)
        self._timers = Timers()
        self.effort = Effort()
        self._transfers = Transfers(self._epoll)
        self._resolver = Resolver(self._epoll, self._timers, dns_servers)
        self._loop = Loop(self._epoll)
        services = Services(
            guard, self._resolver, self._transfers, self._loop, user_agent, ca_file or authorities()
        )
        self._network = OwnNetwork(
            self._epoll, self._timers, self._resolver, anchors, self._report, Spokesman(installation)
        )
        self._probes = {kind: probe(services) for kind, probe in PROBES.items()}
        self._running: set[Check] = set()
        self._room = _MOST_IN_FLIGHT
        self.too_late = 0
        """Checks that were not begun, as it was too late for them: their slots end as gaps."""
        self._refused = threading.Event()
        self._stop_at: float | None = None
        self._never_started: list[Scheduled] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Start the engine's thread, and allow this process as many descriptors as it may have."""
        self._room = min(_MOST_IN_FLIGHT, raise_descriptor_limit() - _OTHER_DESCRIPTORS)
        self._thread.start()

    def submit(self, checks: Sequence[Scheduled]) -> None:
        """Hand over checks, from any thread; raises RuntimeError once the engine is stopped."""
        self._intake.put(checks)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def in_flight(self) -> int:
        """How many checks have started and not ended."""
        return len(self._running)

    @property
    def room(self) -> int:
        """How many checks more may be handed over: what waits for its instant may soon be in flight, too.

        0 while checks start late, here or on the loop: it has more than it can do already.
        """
        if min(self._timers.next_at(), self._loop.oldest) < time.monotonic() - _LATE:
            return 0
        return max(0, self._room - len(self._running) - len(self._timers) - len(self._intake))

    @property
    def network_trouble(self) -> str:
        """What is wrong with our own network, in words; empty where nothing is known to be."""
        return self._network.trouble

    def take_no_more(self) -> list[Scheduled]:
        """Start nothing more and return what never started, while what is in flight goes on."""
        self._intake.shut()
        if self._thread.ident is None:
            self._refuse_starts()
        else:
            self._refused.wait(_REFUSED_WITHIN)
        return self._never_started

    def stop(self, drain: float) -> list[Scheduled]:
        """Start nothing more, wait at most `drain` seconds for what is in flight, return what never started.

        What is still in flight then ends as not checked. A second call returns the same.
        """
        with self._lock:
            first = self._stop_at is None
            if first:
                self._stop_at = time.monotonic() + drain
        self._intake.shut()
        if self._thread.ident is not None:
            self._thread.join()
        elif first:
            self._refuse_starts()
            self._close()
        return self._never_started

    def _run(self) -> None:
        self._sweep(None)
        self._network.start()
        try:
            while not self._is_over():
                self._turn_safely()
        finally:
            self._close()

    def _is_over(self) -> bool:
        if self._intake.is_shut:
            self._refuse_starts()
        if self._stop_at is None:
            return False
        return not (self._running or self._network.is_busy) or time.monotonic() >= self._stop_at

    def _turn_safely(self) -> None:
        """One round that outlives a bug of ours outside any check."""
        try:
            self._turn()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("the engine stumbled")
            # The cause may still be there: do not spin on it.
            time.sleep(_PAUSE_AFTER_BUG)

    def _turn(self) -> None:
        """One round: sleep until something happens, then see to it."""
        now = time.monotonic()
        until = self._sleeps_until(now)
        ready = self._epoll.poll(until - now, _EVENTS_PER_WAIT)
        self.effort.wake(time.monotonic(), until)
        for fd, events in ready:
            if fd in self._transfers.sockets:
                self._transfers.ready(fd, events)
            elif fd in self._resolver.sockets:
                self._resolver.ready(fd, events)
            elif fd in self._loop.sockets:
                self._loop.ready(fd, events)
            elif fd in self._network.sockets:
                self._network.ready(fd)
            elif fd == self._intake.fd:
                self._take_submitted()
        for call, subject in islice(self._timers.due(time.monotonic()), _STARTS_PER_ROUND):
            call(subject)
        self._resolver.deliver()
        self._transfers.tick(time.monotonic())
        self.effort.rest(time.monotonic())

    def _sleeps_until(self, now: float) -> float:
        """The instant until which the loop may sleep, `now` where it may not."""
        until = min(max(self._timers.next_at(), now + _TICK), self._transfers.due_at, now + _LONGEST_WAIT)
        if self._stop_at is not None:
            until = min(until, self._stop_at)
        return max(now, until)

    def _take_submitted(self) -> None:
        self._intake.heard()
        for scheduled in self._intake.take():
            self._timers.at(scheduled.start_at, self._begin, scheduled)

    def _begin(self, scheduled: Scheduled) -> None:
        now = time.monotonic()
        if now > scheduled.start_by:
            self.too_late += 1
            return
        spec = scheduled.spec
        try:
            check = self._probes[spec.kind].check(spec)
        except Exception as bug:  # noqa: BLE001 - a spec that we cannot read must not end the other checks
            self._cannot_begin(scheduled, bug, now)
            return
        check.ticket = scheduled.ticket
        check.started_at = now
        check.effort_before = self.effort.spent(now)
        check.deadline = now + spec.timeout_seconds
        check.on_end = self._end
        self._running.add(check)
        try:
            check.start()
        except Exception as bug:  # noqa: BLE001 - a bug in one check must not end the others
            check.fail(bug)

    def _cannot_begin(self, scheduled: Scheduled, bug: Exception, now: float) -> None:
        spec = scheduled.spec
        _log.error("a monitor cannot be checked", monitor=spec.monitor_id, kind=spec.kind, exc_info=bug)
        outcome = Outcome(
            Reason.NOT_CHECKED, evidence={"error": f"no check of kind {spec.kind!r} can be made"}
        )
        self._report(Finished(scheduled.ticket, outcome, now, now, spec.kind))

    def _sweep(self, _: None) -> None:
        """End what should have ended long ago.

        A look at all in flight now and then, for a timer per check would keep each check in memory,
        and in the collector's way, until its deadline.
        """
        now = time.monotonic()
        self._timers.at(now + _SWEEP, self._sweep, None)
        for check in [check for check in self._running if check.deadline + _BACKSTOP < now]:
            try:
                check.expired()
            except Exception as bug:  # noqa: BLE001 - a bug in one check must not end the others
                check.fail(bug)

    def _end(self, check: Check, outcome: Outcome) -> None:
        self._running.discard(check)
        try:
            check.release()
        except Exception:  # noqa: BLE001 - the outcome stands, whatever was not given back
            _log.exception("a check was not released", monitor=check.spec.monitor_id)
        finished = Finished(check.ticket, outcome, check.started_at, time.monotonic(), check.spec.kind)
        if outcome.reason is Reason.OK or self.effort.excuse(finished, check.effort_before):
            self._report(finished)
        elif outcome.reason in DOUBTFUL:
            self._network.settle(finished)
        else:
            self._report(finished)

    def _report(self, finished: Finished) -> None:
        try:
            self._on_done(finished)
        except Exception:  # noqa: BLE001 - what others do with an outcome must not end the other checks
            _log.exception("an outcome was not taken")

    def _refuse_starts(self) -> None:
        self._never_started += self._timers.remove(self._begin)
        self._never_started += self._intake.take()
        self._refused.set()

    def _close(self) -> None:
        self._refuse_starts()
        for check in list(self._running):
            check.finish(Outcome(Reason.NOT_CHECKED, evidence={"error": "stopped before the end"}))
        self._network.close()
        self._loop.close()
        self._transfers.close()
        for probe in self._probes.values():
            probe.close()
        self._resolver.close()
        self._intake.close()
        self._epoll.close()
