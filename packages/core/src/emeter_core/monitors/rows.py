"""A monitor as a list shows it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from emeter_core.monitors.cause import cause_of
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.status import Status
from emeter_core.outcome import Reason


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """The incident that a monitor is in: why it began, in words, and who has it in hand since when.

    `id` is the one inside. `taken_by` is the e-mail of who acknowledged it: empty where nobody has, or their
    account is gone.
    """

    id: int
    public_id: uuid.UUID
    cause: str
    started_at: datetime
    acknowledged_at: datetime | None
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A monitor with its newest check.

    `last_total_us` is in microseconds, and None where there is no length to tell: before the first check,
    after a run that never told its start, where the target was not asked. `failures` counts the failed
    checks in a row up to now; `next_slot` is when the next check is due.
    """

    monitor: Monitor
    last_slot: datetime | None
    last_total_us: int | None
    last_reason: Reason | None
    last_code: int | None
    certificate_ends_at: datetime | None
    next_slot: datetime | None = None
    failures: int = 0
    incident: OpenIncident | None = None

    @property
    def status(self) -> Status:
        """What the monitor is shown as."""
        return self.monitor.status

    @property
    def since(self) -> datetime:
        """Since when it has this status."""
        return self.monitor.paused_at or self.monitor.condition_since

    @property
    def cause(self) -> str:
        """Why it has this status, as a phrase without a full stop; empty where nothing is to be said."""
        if self.status is Status.DOWN and self.incident is not None:
            return self.incident.cause
        if self.status in _EXPLAINED and self.last_reason is not None:
            return cause_of(self.monitor, self.last_reason, code=self.last_code)
        return ""


_EXPLAINED = frozenset({Status.DOWN, Status.BLOCKED, Status.DEGRADED, Status.NO_DATA})
