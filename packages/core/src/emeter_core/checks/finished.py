"""A check that was done, on its way to be recorded."""

from datetime import datetime
from typing import NamedTuple

from emeter_core.checks.take import Taken
from emeter_core.outcome import Outcome


class Finished(NamedTuple):
    """What a claim led to. `late_ms`: how long after its slot the check started."""

    claim: Taken
    outcome: Outcome
    ended_at: datetime
    late_ms: int = 0
