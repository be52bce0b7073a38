"""What goes into the engine and what comes out."""

from dataclasses import dataclass

from emeter_core.checks.spec import CheckSpec
from emeter_core.outcome import Outcome


@dataclass(slots=True)
class Scheduled:
    """One check that shall start at `start_at` (seconds of `time.monotonic()`).

    `ticket` is the caller's own: the engine hands it back untouched.
    """

    spec: CheckSpec
    start_at: float
    ticket: object


@dataclass(slots=True)
class Finished:
    """One check that has ended; the instants are seconds of `time.monotonic()`."""

    ticket: object
    outcome: Outcome
    started_at: float
    ended_at: float
    kind: str = ""
