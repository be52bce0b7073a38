"""What a checker needs to know of a monitor in order to check it."""

from dataclasses import dataclass

from emeter_core.monitors.kinds import KindSettings


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One monitor, as one version of it is checked: immutable, so it may be kept between checks."""

    monitor_id: int
    version: int
    kind: str
    target: str
    timeout_seconds: float
    settings: KindSettings
