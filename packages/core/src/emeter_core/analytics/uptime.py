"""Uptime: the share of the measured time in which a monitor was up. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from emeter_core.analytics.span import NOTHING, Span, length
from emeter_core.monitors.status import Status

UP = frozenset({Status.UP, Status.DEGRADED})
DOWN = frozenset({Status.DOWN})


class Uptime(NamedTuple):
    """`ratio` from 0 to 1, None where nothing was measured. Unknown is neither up nor down."""

    ratio: float | None
    down: timedelta
    measured: timedelta


UNMEASURED = Uptime(None, NOTHING, NOTHING)


def uptime(spans: Sequence[Span]) -> Uptime:
    """Weigh spans that do not overlap by their time: up and degraded are up, down is down."""
    return uptime_of(length(spans, UP), length(spans, DOWN))


def uptime_of(up: timedelta, down: timedelta) -> Uptime:
    """The uptime of so much time up and so much down; 1.0 only where it was never down."""
    measured = up + down
    return Uptime(up / measured, down, measured) if measured else UNMEASURED
