"""What did not come in time: each expected run that was missed becomes a result, once."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.record import store
from emeter_core.checks.write import Judged
from emeter_core.heartbeats.known import LOCKED, LOCKS, Known, whole_milliseconds
from emeter_core.heartbeats.watch import Watch, was_watched, watches
from emeter_core.monitors.heartbeat.beats import NEVER, Due, next_due, pack_runs, passed, skip_to
from emeter_core.monitors.kinds.heartbeat import TARGET
from emeter_core.outcome import Outcome, Reason

PATIENCE = timedelta(seconds=1)
"""A ping that came at the last moment may still be on its way to be written."""

OLDEST = timedelta(days=1)
"""What was due longer ago is passed over: after so long an outage of ours nobody learns from it."""

_MOST_AT_ONCE = 1000
_MOST_OF_ONE = 50

# Who is being pinged, or looked at by another scheduler, has its turn at the next look.
_OVERDUE = text(f"""
{LOCKED}
WHERE p.enabled AND p.next_slot <= :until ORDER BY p.next_slot LIMIT :limit
{LOCKS} SKIP LOCKED FOR KEY SHARE OF m SKIP LOCKED
""")

_MOVE = text("""
UPDATE heartbeats SET anchor = :anchor, runs = CAST(:runs AS jsonb) WHERE monitor_id = :monitor_id
""")
_NEXT = text("UPDATE probes SET next_slot = :next_slot WHERE id = :probe_id")


def find_missing(session: Session, *, now: datetime, limit: int = _MOST_AT_ONCE) -> int:
    """Write down what did not come by `now`; returns how many results that made.

    Any number of schedulers may ask at once. What fell due while pings could not be taken is no data; while
    they still cannot, it waits.
    """
    known_watches = watches(session, since=now - 2 * OLDEST)
    if not known_watches:
        return 0
    until = min(now - PATIENCE, known_watches[0].until)
    overdue = [Known.of(row) for row in session.execute(_OVERDUE, {"until": until, "limit": limit})]
    judged = [each for known in overdue for each in _missed(known, known_watches, until, now)]
    store(session, judged, now=now)
    if overdue:
        session.execute(_MOVE, [_moved(known) for known in overdue])
        session.execute(_NEXT, [_next(known) for known in overdue])
    return len(judged)


def _missed(known: Known, stretches: Sequence[Watch], until: datetime, now: datetime) -> Iterator[Judged]:
    """What `known` missed, oldest first, a bounded number of times; the rest comes at the next look."""
    known.beats = skip_to(known.settings, known.beats, now - OLDEST)
    for _ in range(_MOST_OF_ONE):
        due = next_due(known.settings, known.beats)
        if due is None or due.at > until:
            return
        is_known = was_watched(stretches, due.since, due.at)
        outcome = (
            _outcome(known, due) if is_known else Outcome(Reason.PINGS_NOT_TAKEN, evidence={"url": TARGET})
        )
        known.beats = passed(known.settings, known.beats, due)
        yield known.judge(outcome, whole_milliseconds(due.at), now=now)


def _outcome(known: Known, due: Due) -> Outcome:
    reason = Reason.HEARTBEAT_MISSING if due.rid is None else Reason.RUN_TOO_LONG
    told: dict[str, str] = {}
    if due.rid is not None:
        told["began"] = _in_words(due.since, due.at)
    elif known.last_ping_at is not None:
        told["last"] = _in_words(known.last_ping_at, due.at)
    if due.expected is not None:
        told["expected"] = _in_words(due.expected, due.at)
    expected = known.settings.expected(reason)
    return Outcome(reason, evidence={"url": TARGET, "heartbeat": told, "expected": expected})


def _in_words(moment: datetime, near: datetime) -> str:
    """A moment for people, with its day where that is not the day of `near`."""
    day = "" if moment.date() == near.date() else f"{moment.day} {moment:%b}, "
    return f"{day}{moment:%H:%M} UTC"


def _moved(known: Known) -> dict[str, object]:
    return {
        "monitor_id": known.monitor_id,
        "anchor": known.beats.anchor,
        "runs": json.dumps(pack_runs(known.beats)),
    }


def _next(known: Known) -> dict[str, object]:
    due = next_due(known.settings, known.beats)
    return {"probe_id": known.probe_id, "next_slot": due.at if due else NEVER}
