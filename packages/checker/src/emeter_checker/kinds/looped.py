"""What the kinds on the asyncio loop share: a host is read, looked up and vetted, before the loop works."""

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

from emeter_checker.kinds.addresses import FAMILIES, LOOK_UP_MAX_S, forbidden, in_order
from emeter_checker.kinds.base import Check, Probe, Services
from emeter_checker.kinds.evidence import without_secrets
from emeter_checker.kinds.host import BadTarget, read_host
from emeter_checker.kinds.verdict import LOOP_STUCK, of_look_up
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.kinds.hosts import HostSettings
from emeter_core.outcome import Outcome, Phases, Reason

_PLACES = 50_000
"""Targets that are kept as they were read: more than one engine can check in a minute."""

S_co = TypeVar("S_co", bound=HostSettings, covariant=True)


@dataclass(frozen=True, slots=True)
class Errand(Generic[S_co]):
    """What the loop is to do: every address was vetted and may be dialled, the first one first.

    `deadline` is an instant of `time.monotonic()`, `timeout_seconds` after the start of the check; `dns_us`
    is how long the look-up took.
    """

    target: str
    settings: S_co
    host: str
    port: int
    addresses: Sequence[str]
    timeout_seconds: float
    deadline: float
    dns_us: int


class LoopedProbe(Probe, Generic[S_co]):
    """How a kind is checked on the loop; a kind says what its settings are, and works."""

    settings: ClassVar[type[HostSettings]]

    def __init__(self, services: Services) -> None:
        self.services = services

    def check(self, spec: CheckSpec) -> Check:
        """Make a check of this spec, not yet started."""
        if not isinstance(spec.settings, self.settings):
            raise TypeError(f"monitor {spec.monitor_id} has the settings of another kind")
        return LoopedCheck(self, spec, spec.settings)

    @abstractmethod
    async def work(self, errand: Errand[S_co]) -> Outcome:
        """Do the errand, until its deadline at the latest; called on the loop. A bad target never raises."""

    def close(self) -> None:
        """Let go of everything kept; the loop is over by now."""


class LoopedCheck(Check):
    """One check: what comes before the work of its kind, in the engine's thread."""

    __slots__ = ("_place", "_probe", "_resolving_since", "_settings")

    def __init__(self, probe: LoopedProbe[Any], spec: CheckSpec, settings: HostSettings) -> None:
        super().__init__(spec)
        self._probe = probe
        self._settings = settings
        self._place = _NOWHERE
        self._resolving_since = 0.0

    def start(self) -> None:
        """Look the host up; an address needs no looking up."""
        try:
            place = self._place = _read(self.spec.kind, self.spec.target)
        except BadTarget as bad:
            self._conclude(bad.reason, str(bad))
            return
        if place.literal:
            self._go((place.literal,), 0)
            return
        now = self._resolving_since = time.monotonic()
        deadline = min(now + LOOK_UP_MAX_S, self.deadline)
        family = FAMILIES[self._settings.ip_family]
        self._probe.services.resolver.resolve(place.host, family, deadline, self)

    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Go on with the addresses of the name, or end without."""
        if self.ended:
            return
        took_us = self._stop_resolving()
        if status:
            self._conclude(of_look_up(status), dns_us=took_us)
        elif not addresses:
            self._conclude(Reason.NAME_NOT_FOUND, dns_us=took_us)
        else:
            self._go(addresses, took_us)

    def transferred(self, error: int, text: str) -> None:
        """Nothing is ever transferred by libcurl."""

    def expired(self) -> None:
        """End a check that nobody ended at its deadline: the resolver kept silent, or the loop is stuck."""
        if self._resolving_since:
            self._conclude(Reason.NAME_SERVER_SILENT, dns_us=self._stop_resolving())
        else:
            self._conclude(Reason.NOT_CHECKED, LOOP_STUCK)

    def release(self) -> None:
        """Give up what the loop still does."""
        self._probe.services.loop.cancel(self)

    def _go(self, addresses: Sequence[str], dns_us: int) -> None:
        """Hand over to the loop, if every address may be dialled."""
        services, place = self._probe.services, self._place
        blocked = forbidden(services.guard, addresses, place.port)
        if blocked is not None:
            address, why = blocked
            self._conclude(Reason.ADDRESS_BLOCKED, why, dns_us, address)
            return
        errand = Errand(
            target=self.spec.target,
            settings=self._settings,
            host=place.host,
            port=place.port,
            addresses=in_order(addresses),
            timeout_seconds=self.spec.timeout_seconds,
            deadline=self.deadline,
            dns_us=dns_us,
        )
        services.loop.run(partial(self._probe.work, errand), self)

    def _stop_resolving(self) -> int:
        took_us = round((time.monotonic() - self._resolving_since) * 1_000_000)
        self._resolving_since = 0.0
        return took_us

    def _conclude(self, reason: Reason, error: str = "", dns_us: int = 0, address: str = "") -> None:
        phases = Phases(dns=dns_us)
        shown = {
            "url": self.spec.target,
            "address": address,
            "error": error,
            "phases": phases._asdict(),
        }
        self.finish(Outcome(reason, phases, address=address, evidence=without_secrets(shown, ())))


class _Place(NamedTuple):
    """Where a target is: `literal` is the IP address, empty for a name; a port of 0 is none."""

    host: str
    port: int
    literal: str


_NOWHERE = _Place("", 0, "")


@lru_cache(_PLACES)
def _read(kind: str, target: str) -> _Place:
    """Read a target; raises BadTarget where nothing can be asked of it."""
    try:
        parts = urlsplit(KINDS[kind].clean_target(target))
    except ValueError as error:
        # It should never have been saved.
        raise BadTarget(Reason.NOT_CHECKED, f"the target {error}") from error
    host, literal = read_host(parts.hostname or "")
    return _Place(host, parts.port or 0, literal)
