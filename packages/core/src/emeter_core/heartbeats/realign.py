"""After a clock that was ahead: heartbeats that were heard of at a time to come are expected from now on."""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.checks.realign import SQL_STATE_NO_LATER, bring_back, sql_no_later
from emeter_core.checks.slots import to_us
from emeter_core.heartbeats.known import LOCKED, LOCKS, Known
from emeter_core.heartbeats.watch import unwatch_ahead
from emeter_core.monitors.heartbeat.beats import EARLY, NEVER, Beats, next_due, pack_runs

# Paused ones as well: they are resumed one day. Of what people changed ahead, the history lies ahead.
_AHEAD = text(f"""
{LOCKED}
WHERE greatest(h.anchor, h.last_ping_at, p.last_slot) > :latest
  OR m.updated_at > :now + CAST(:ahead AS interval) OR (h.runs <> '{{}}'
  AND EXISTS (SELECT FROM jsonb_each(h.runs) AS r (rid, run) WHERE CAST(run ->> 0 AS bigint) > :latest_us))
ORDER BY p.id {LOCKS}
""")

_MOVE = text(f"""
UPDATE heartbeats SET anchor = :anchor, runs = CAST(:runs AS jsonb),
  last_ping_at = {sql_no_later("last_ping_at")}
WHERE monitor_id = :monitor_id
""")  # noqa: S608 - made of our own constants
_NEXT = text(f"""
UPDATE probes SET next_slot = :next_slot, {SQL_STATE_NO_LATER} WHERE id = :probe_id
""")  # noqa: S608 - the same


def realign(session: Session, *, now: datetime) -> int:
    """Bring back what a clock that was ahead has set of heartbeats; returns how many that concerned.

    Nobody took pings at a time to come. Results of that time stay, as those of checks do.
    """
    unwatch_ahead(session, now=now)
    latest = now + FARTHEST_AHEAD + EARLY
    values = {"now": now, "ahead": FARTHEST_AHEAD, "latest": latest, "latest_us": to_us(latest)}
    found = session.execute(_AHEAD, values)
    ahead = [Known.of(row) for row in found]
    if ahead:
        moved = [_moved(known, now) for known in ahead]
        session.execute(_MOVE, moved)
        session.execute(_NEXT, moved)
        bring_back(session, [known.monitor_id for known in ahead], now=now)
    return len(ahead)


def _moved(known: Known, now: datetime) -> dict[str, object]:
    runs = {rid: run._replace(began=min(run.began, now)) for rid, run in known.beats.runs.items()}
    beats = Beats(known.beats.anchor and min(known.beats.anchor, now), runs)
    due = next_due(known.settings, beats)
    return {
        "monitor_id": known.monitor_id,
        "probe_id": known.probe_id,
        "anchor": beats.anchor,
        "runs": json.dumps(pack_runs(beats)),
        "next_slot": due.at if due else NEVER,
        "now": now,
    }
