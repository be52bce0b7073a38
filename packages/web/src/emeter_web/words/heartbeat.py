"""How it stands with a job that reports by itself, in a sentence or two. Pure."""

from datetime import datetime

from emeter_core.heartbeats import HeartbeatView
from emeter_core.monitors import MonitorRow, Status
from emeter_web.formats import ago, until
from emeter_web.words import monitor as words


def why(row: MonitorRow, heartbeat: HeartbeatView, *, now: datetime) -> str:
    """What there is to say about it."""
    if row.status is Status.PAUSED:
        return "Pings are taken, and count for nothing until somebody resumes it."
    if row.status is Status.PENDING and not heartbeat.runs:
        return "It waits for the first ping." if not heartbeat.count else "It waits for the next ping."
    if row.status is Status.DOWN:
        return f"{words.cause(row, now=now) if row.incident is None else row.incident.cause}."
    if row.status in {Status.UP, Status.PENDING}:
        return _expected(heartbeat, now)
    return words.why(row, now=now)


def _expected(heartbeat: HeartbeatView, now: datetime) -> str:
    run = heartbeat.open_run
    if run is not None:
        return f"A run began {ago(run.began, now)}, and has to end {until(heartbeat.due_at, now)}."
    if heartbeat.is_late:
        was, will_be = ago(heartbeat.expected_at, now), until(heartbeat.due_at, now)
        return f"Late: it was expected {was}, and is down {will_be}."
    return f"Expected {until(heartbeat.expected_at, now)}."
