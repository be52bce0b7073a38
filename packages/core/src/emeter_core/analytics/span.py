"""Stretches of time in which a monitor had one status. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from emeter_core.monitors.status import Status
from emeter_core.outcome import Reason

NOTHING = timedelta(0)


class Span(NamedTuple):
    """From `since` until `until` the monitor had this status, for that reason."""

    status: Status
    since: datetime
    until: datetime
    reason: Reason


class Known(NamedTuple):
    """One row of the history: from `effective_at` on the monitor had this status, as we knew then."""

    status: Status
    effective_at: datetime
    reason: Reason


def join_spans(newest_first: Iterable[Known], *, since: datetime | None, until: datetime) -> list[Span]:
    """Make spans, oldest first, between `since` (None: from the beginning) and `until`.

    What was written later knows better: it holds from its `effective_at` on, whatever was written before.
    So a verdict reaches back to its first failure, and a first check, whose slot is cut to the millisecond,
    ends the *pending* that was written within the same millisecond. Equal neighbours become one span.
    """
    spans: list[Span] = []
    for status, effective_at, reason in newest_first:
        if effective_at >= until:
            continue
        begin = effective_at if since is None or effective_at > since else since
        if begin >= until:
            break
        if spans and spans[-1].status is status:
            spans[-1] = Span(status, begin, spans[-1].until, reason)
        else:
            spans.append(Span(status, begin, until, reason))
        until = begin
    spans.reverse()
    return spans


def length(spans: Sequence[Span], statuses: frozenset[Status]) -> timedelta:
    """How long the spans of these statuses are together."""
    return sum((span.until - span.since for span in spans if span.status in statuses), NOTHING)
