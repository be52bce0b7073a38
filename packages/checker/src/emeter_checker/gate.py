"""The gate: claims wait here until they are nearly due, and pass only if they are still wanted."""

import heapq
import threading
from collections.abc import Callable, Sequence

from emeter_checker.engine import Scheduled
from emeter_core import checks
from emeter_core.checks import CheckSpec, Taken
from emeter_core.logs import get_logger
from emeter_core.vault import Vault
from emeter_storage.away import AWAY, first_line
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

_EVERY_S = 0.25
_AHEAD_US = 500_000
"""A claim is looked at for the last time between a quarter and half a second before its slot."""

_MARGIN_US = 50_000
"""How long a look may take: what is due sooner after the next one is let through at once."""

_PAUSE_S = 1.0
"""Between two looks while the database is away."""

_MOST_SPECS = 100_000


class Gate:
    """Lets each claim through to the engine shortly before its slot, unless its monitor has changed.

    What the engine has no `room` for waits, and is left alone once it is too late for its slot. Keeps the
    specs of the monitors it sees, so that one is read again only in another version.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        clock: DatabaseClock,
        vault: Vault,
        submit: Callable[[Sequence[Scheduled]], None],
        room: Callable[[], int],
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._vault = vault
        self._submit = submit
        self._room = room
        self._specs: dict[int, CheckSpec] = {}
        self._heap: list[tuple[int, int, Taken]] = []
        self.too_late = 0
        """Claims that were found too late and left alone."""
        self._next_look_us = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def start(self) -> None:
        """Begin to let through."""
        self._thread.start()

    def add(self, taken: Sequence[Taken]) -> None:
        """Take claims in; the usual ones, due in two seconds, wait for the next look."""
        self._push(taken)
        with self._lock:
            cannot_wait = bool(self._heap) and self._heap[0][0] < self._next_look_us + _MARGIN_US
        if cannot_wait:
            self._wake.set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many claims wait."""
        return len(self._heap)

    def stop(self, within: float) -> list[Taken]:
        """End within so many seconds, and return the claims that were not let through.

        What it was asking an unwilling database about then is not among them: those leases run out.
        """
        self._stop.set()
        self._wake.set()
        self._thread.join(within)
        with self._lock:
            return [claim for _, _, claim in self._heap]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._let_through()
            except AWAY as error:
                _log.warning("cannot read what to check", error=first_line(error))
                self._stop.wait(_PAUSE_S)
            except Exception:  # noqa: BLE001 - the thread must outlive a bug: no gate, no checks
                _log.exception("the gate failed; what was due is tried again when its lease is over")
            self._wake.wait(_EVERY_S)
            self._wake.clear()

    def _push(self, claims: Sequence[Taken]) -> None:
        with self._lock:
            for claim in claims:
                heapq.heappush(self._heap, (claim.slot_us, claim.probe_id, claim))

    def _let_through(self) -> None:
        due = self._pop_due()
        if not due:
            return
        try:
            wanted = self._still_wanted(due)
        except AWAY:
            self._push(due)  # Looked at again: the database may be back before their leases run out.
            raise
        self._submit([self._scheduled(claim) for claim in wanted if self._knows(claim)])

    def _still_wanted(self, due: Sequence[Taken]) -> list[Taken]:
        """Drop the claims of monitors that changed, and learn the specs of those that are new here."""
        with self._sessions.begin() as session:
            versions = checks.current_versions(session, {claim.monitor_id for claim in due})
            for claim in due:
                if claim.monitor_id not in versions:
                    self._specs.pop(claim.monitor_id, None)
            stale = [claim for claim in due if versions.get(claim.monitor_id) != claim.version]
            if stale:
                checks.drop(session, stale)
            wanted = [claim for claim in due if versions.get(claim.monitor_id) == claim.version]
            unknown = {claim.monitor_id for claim in wanted if not self._knows(claim)}
            if unknown:
                self._learn(checks.load_specs(session, unknown, vault=self._vault))
        return wanted

    def _learn(self, specs: Sequence[CheckSpec]) -> None:
        if len(self._specs) > _MOST_SPECS:
            self._specs.clear()  # Some belong to monitors that are gone; the others are read again.
        self._specs.update((spec.monitor_id, spec) for spec in specs)

    def _pop_due(self) -> list[Taken]:
        now_us = checks.to_us(self._clock.now())
        limit = now_us + _AHEAD_US
        room = self._room()
        due: list[Taken] = []
        with self._lock:
            self._next_look_us = now_us + int(_EVERY_S * 1e6)
            while self._heap and self._heap[0][0] <= limit and len(due) < room:
                claim = heapq.heappop(self._heap)[2]
                # What is found too late is left alone: its lease runs out and it is claimed again, or a gap.
                if now_us <= claim.start_by_us:
                    due.append(claim)
                else:
                    self.too_late += 1
        return due

    def _knows(self, claim: Taken) -> bool:
        spec = self._specs.get(claim.monitor_id)
        return spec is not None and spec.version == claim.version

    def _scheduled(self, claim: Taken) -> Scheduled:
        at = self._clock.monotonic_of_us
        return Scheduled(
            self._specs[claim.monitor_id], at(claim.slot_us), claim, start_by=at(claim.start_by_us)
        )
