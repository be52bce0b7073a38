"""That a monitor's condition changed, or that what was wrong is over."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emeter_core.outcome import Condition, Reason


@dataclass(frozen=True, slots=True)
class FirstFailure:
    """The failure that an incident began with: when, why, and what was seen."""

    at: datetime
    reason: Reason
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """What one observation changed for a monitor.

    `after` is the condition from `effective_at` on, None where it stayed; `first_failure` is set where an
    incident opens, `resolved_at` where the open one ends.
    """

    team_id: uuid.UUID
    monitor_id: int
    monitor_name: str
    paused: bool
    reason: Reason
    effective_at: datetime
    after: Condition | None = None
    first_failure: FirstFailure | None = None
    resolved_at: datetime | None = None
