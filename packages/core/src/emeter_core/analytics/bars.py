"""Bars: a stretch of time cut into slots of equal length, each shown as the worst that was in it. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from emeter_core.analytics.span import Span
from emeter_core.monitors.status import Status

SLOTS = 48

WORST_FIRST = (
    Status.DOWN,
    Status.DEGRADED,
    Status.BLOCKED,
    Status.NO_DATA,
    Status.MAINTENANCE,
    Status.UNREACHABLE,
    Status.UP,
    Status.PENDING,
    Status.PAUSED,
)
"""What a slot shows where it holds several: trouble, then what we do not know, then that it was well."""

_RANK = {status: rank for rank, status in enumerate(WORST_FIRST)}
_BY_RANK = (*WORST_FIRST, None)
_NOTHING = len(WORST_FIRST)


class Bar(NamedTuple):
    """The worst status of the slot that begins at `since`; None where the monitor did not exist yet."""

    status: Status | None
    since: datetime


def bars(spans: Sequence[Span], *, since: datetime, until: datetime, slots: int = SLOTS) -> list[Bar]:
    """Cut the time from `since` to `until` into `slots` bars; `spans` are in order and do not overlap."""
    edges = _edges(since, until, slots)
    ranks = [_NOTHING] * slots
    for span in spans:
        rank = _RANK[span.status]
        first, after = max(0, bisect_right(edges, span.since) - 1), min(slots, bisect_left(edges, span.until))
        if first < after:
            # Earlier spans have reached into the first slot at most.
            ranks[first] = min(ranks[first], rank)
            ranks[first + 1 : after] = [rank] * (after - first - 1)
    return [Bar(_BY_RANK[rank], edge) for rank, edge in zip(ranks, edges, strict=False)]


@lru_cache(maxsize=8)
def _edges(since: datetime, until: datetime, slots: int) -> tuple[datetime, ...]:
    """The begin of each slot, and the end of the last: the same for all monitors of a page."""
    length = (until - since) / slots
    return (*(since + number * length for number in range(slots)), until)
