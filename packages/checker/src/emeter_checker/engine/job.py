"""What goes into the engine and what comes out."""

import math
from dataclasses import dataclass

from emeter_core.checks.spec import CheckSpec
from emeter_core.outcome import Outcome


@dataclass(slots=True)
class Scheduled:
    """One check that starts at `start_at` (seconds of `time.monotonic()`), by `start_by` at the latest.

    `ticket` is the caller's own: the engine hands it back untouched.
    """

    spec: CheckSpec
    start_at: float
    ticket: object
    start_by: float = math.inf


@dataclass(slots=True)
class Finished:
    """One check that has ended; the instants are seconds of `time.monotonic()`."""

    ticket: object
    outcome: Outcome
    started_at: float
    ended_at: float
    kind: str = ""
