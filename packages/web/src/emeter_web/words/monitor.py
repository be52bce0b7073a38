"""Why a monitor is what it is, in a sentence or two. Pure."""

from datetime import datetime

from emeter_core.monitors import MonitorRow, Status, cause_of
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Reason
from emeter_web.formats import ago, ms, plural

_MONTH_DAYS = 30
_WRONG = frozenset({Status.DOWN, Status.DEGRADED, Status.BLOCKED, Status.NO_DATA, Status.UNREACHABLE})
_UNKNOWN = frozenset({Status.NO_DATA, Status.BLOCKED})
_EXPLAINED = {
    Status.PENDING: "The first check is on its way.",
    Status.PAUSED: "It is not checked until somebody resumes it.",
    Status.MAINTENANCE: "Failures alert nobody until it is over.",
    Status.UNREACHABLE: "What it depends on is down. This is not counted as down.",
}


def is_wrong(status: Status) -> bool:
    """Whether a list says why this status is what it is."""
    return status in _WRONG


def is_well(row: MonitorRow) -> bool:
    """Whether there is nothing to say but how fast it answered last."""
    return row.status is Status.UP and not row.failures and row.last_total_us is not None


def why(row: MonitorRow, *, now: datetime) -> str:
    """What there is to say about it, in one or two sentences."""
    if row.status in _EXPLAINED:
        return _EXPLAINED[row.status]
    if row.status is Status.UP:
        return _well(row, now)
    told = f"{cause(row, now=now)}."
    return f"{told} This is not counted as down." if row.status in _UNKNOWN else told


def cause(row: MonitorRow, *, now: datetime) -> str:
    """The cause in a phrase, with the number of checks or runs that failed by it; without a full stop."""
    if row.status is Status.NO_DATA:
        return _unseen(row, now).removesuffix(".")
    if row.last_reason is Reason.OK:
        return _nearly_well(row)
    if row.last_reason is None:
        return row.cause or "The cause is not known"
    told = cause_of(row.monitor, row.last_reason, code=row.last_code)
    return f"{told}, {plural(row.failures, _one(row))} in a row" if row.failures > 1 else told


def _well(row: MonitorRow, now: datetime) -> str:
    if row.failures and row.last_reason is not None:
        told = cause_of(row.monitor, row.last_reason, code=row.last_code)
        last = f"The last {_one(row)}" if row.failures == 1 else f"The last {row.failures} {_one(row)}s"
        return f"{last} failed: {told}. Down after {row.monitor.down_after}."
    if row.last_slot is None:
        return "Not checked yet."
    if row.last_total_us is None:
        return f"The last check was {ago(row.last_slot, now)}."
    code = f"{row.last_code} in " if row.last_code else ""
    return f"{code}{ms(row.last_total_us)}, checked {ago(row.last_slot, now)}."


def _nearly_well(row: MonitorRow) -> str:
    """What a good check means to a monitor that is not up."""
    if row.status is Status.DOWN:
        return f"The last {_one(row)} was well, up again after {row.monitor.up_after}"
    return f"Answered in {ms(row.last_total_us)}"


def _one(row: MonitorRow) -> str:
    """What a monitor is judged by, one of them."""
    return "check" if KINDS[row.monitor.kind].is_polled else "run"


def _unseen(row: MonitorRow, now: datetime) -> str:
    if row.last_reason is not None and row.last_reason >= Reason.NETWORK_UNAVAILABLE:
        return f"{row.last_reason.text}."
    if row.last_slot is None:
        return "Nobody has checked it yet."
    return f"The last check was {ago(row.last_slot, now)}."


def age(then: datetime, now: datetime) -> str:
    """How much history there is: `10 months`, `3 days`; empty for less than a day."""
    days = (now - then).days
    return (
        plural(days // _MONTH_DAYS, "month")
        if days >= 2 * _MONTH_DAYS
        else plural(days, "day")
        if days
        else ""
    )
