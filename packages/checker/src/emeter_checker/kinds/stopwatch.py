"""Which phase a check is in, and how long each one took."""

import time
from typing import Literal

from emeter_core.outcome import Phases

Phase = Literal["connect", "tls", "wait", "transfer"]


class Stopwatch:
    """Times phases one after the other, from the end of the look-up on; the last one until it is read."""

    __slots__ = ("_phase", "_since", "_took")

    def __init__(self, dns_us: int, first: Phase = "connect") -> None:
        self._took = Phases(dns=dns_us)._asdict()
        self._phase: Phase = first
        self._since = time.monotonic()

    @property
    def phase(self) -> Phase:
        """The phase that runs."""
        return self._phase

    def enter(self, phase: Phase) -> None:
        """End the phase that runs and begin this one."""
        now = time.monotonic()
        self._took[self._phase] += round((now - self._since) * 1_000_000)
        self._phase, self._since = phase, now

    def read(self) -> Phases:
        """What each phase took up to now, in microseconds."""
        self.enter(self._phase)
        return Phases(**self._took)
