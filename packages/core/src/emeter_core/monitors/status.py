"""The status of a monitor: its condition, seen through its overlays."""

from enum import StrEnum

from emeter_core.outcome import Condition


class Status(StrEnum):
    """What a monitor is shown as."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    BLOCKED = "blocked"
    NO_DATA = "no_data"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    UNREACHABLE = "unreachable"


def status_of(
    condition: Condition, *, paused: bool = False, maintenance: bool = False, unreachable: bool = False
) -> Status:
    """Derive the status: what people decided covers what is inferred, and that what was measured."""
    if paused:
        return Status.PAUSED
    if maintenance:
        return Status.MAINTENANCE
    if unreachable:
        return Status.UNREACHABLE
    return Status(condition.value)


TROUBLE_FIRST = (
    Status.DOWN,
    Status.BLOCKED,
    Status.DEGRADED,
    Status.NO_DATA,
    Status.PENDING,
    Status.MAINTENANCE,
    Status.UNREACHABLE,
    Status.UP,
    Status.PAUSED,
)
"""The order in which a list shows what needs a person before what does not."""
