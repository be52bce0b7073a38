"""What a checker needs to know of a monitor in order to check it."""

from dataclasses import dataclass, field

from emeter_core.monitors.kinds import KindSettings


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One monitor, as one version of it is checked: immutable, so it may be kept between checks."""

    monitor_id: int
    version: int
    kind: str
    target: str
    timeout_seconds: float
    # Out of `repr`, and so out of logs: settings hold credentials.
    settings: KindSettings = field(repr=False)
