"""After a clock that was ahead: what it wrote about a time that is yet to come is brought back to now."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.checks.slots import sql_slot, sql_slot_after, sql_turn
from emeter_core.checks.take import array
from emeter_core.outbox.delivery import LEASE


def sql_no_later(column: str) -> str:
    """SQL for an instant, `:now` at the latest; what is unknown stays so."""
    return f"CASE WHEN {column} > :now THEN :now ELSE {column} END"


# That a result counts only after the last one, and what the verdicts are about.
SQL_STATE_NO_LATER = ", ".join(
    f"{column} = {sql_no_later(column)}" for column in ("last_slot", "streak_since", "streak_ended_at")
)

# A next slot far ahead would be waited for until the time comes round again, with a last one that is ahead no
# result before it would count, and silence is judged from the last edit on. Locked in the order that all
# writers keep to.
_PROBES = f"""
WITH ahead AS MATERIALIZED (
  SELECT id, enabled AND next_slot > :now + interval_ms * interval '1 millisecond' + CAST(:ahead AS interval)
    AS waits
  FROM probes
  WHERE location_id = :location_id AND (last_slot > :now + CAST(:ahead AS interval) OR (enabled
    AND next_slot > :now + interval_ms * interval '1 millisecond' + CAST(:ahead AS interval))
    OR monitor_id IN (SELECT id FROM monitors WHERE updated_at > :now + CAST(:ahead AS interval)))
  ORDER BY id
  FOR NO KEY UPDATE
)
UPDATE probes p
SET next_slot = CASE WHEN waits THEN {sql_slot_after("p.id", "interval_ms", ":now")} ELSE next_slot END,
  {SQL_STATE_NO_LATER}
FROM ahead WHERE ahead.id = p.id
RETURNING p.monitor_id
"""  # noqa: S608 - made of our own constants

# Whoever had claimed a slot to come may be gone, and would keep all others from it when it comes.
_CLAIMS = """
DELETE FROM claims WHERE (probe_id, slot) IN (
  SELECT c.probe_id, c.slot FROM claims c JOIN probes p ON p.id = c.probe_id
  WHERE p.monitor_id = ANY (CAST(:monitor_ids AS int[])) AND c.slot > :now + CAST(:ahead AS interval)
  ORDER BY c.probe_id, c.slot
  FOR UPDATE OF c
)
"""

# Slots to come are checked when they come. No gap begins after it ends: the index is that of the ends.
_NEWEST = sql_turn("p.id", "p.interval_ms", ":now")
_GAPS = f"""
WITH to_come AS (
  DELETE FROM gaps g USING probes p WHERE p.id = g.probe_id AND p.location_id = :location_id
    AND g.last_slot > :now AND g.first_slot > :now
)
UPDATE gaps g SET last_slot = greatest(g.first_slot, {sql_slot("p.id", "p.interval_ms", _NEWEST)}),
  count = greatest(1, g.count - ({sql_turn("p.id", "p.interval_ms", "g.last_slot")} - {_NEWEST}))
FROM probes p WHERE p.id = g.probe_id AND p.location_id = :location_id
  AND g.first_slot <= :now AND g.last_slot > :now
"""  # noqa: S608 - the same

# After the probes, as everywhere; whoever deletes a monitor holds it before all that hangs on it.
_HOLD = """
SELECT id FROM monitors WHERE id = ANY (CAST(:monitor_ids AS int[])) ORDER BY id FOR NO KEY UPDATE
"""

# What is the case holds from now on, not from a time to come; from now on we wait after what people changed.
_MONITORS = f"""
UPDATE monitors SET condition_since = least(condition_since, :now), inserted_at = least(inserted_at, :now),
  updated_at = least(updated_at, :now), paused_at = {sql_no_later("paused_at")}
WHERE id = ANY (CAST(:monitor_ids AS int[]))
  AND greatest(condition_since, updated_at) > :now + CAST(:ahead AS interval)
"""  # noqa: S608 - made of our own constants
_HISTORY = """
UPDATE status_changes SET effective_at = least(effective_at, :now), recorded_at = least(recorded_at, :now)
WHERE monitor_id = ANY (CAST(:monitor_ids AS int[]))
  AND greatest(effective_at, recorded_at) > :now + CAST(:ahead AS interval)
"""

# Whoever acknowledges holds the incident alone, whoever ends one its monitors' parts before.
_PARTS = f"""
UPDATE incident_monitors
SET started_at = least(started_at, :now), resolved_at = {sql_no_later("resolved_at")}
WHERE monitor_id = ANY (CAST(:monitor_ids AS int[]))
  AND greatest(started_at, resolved_at) > :now + CAST(:ahead AS interval)
"""  # noqa: S608 - the same
_INCIDENTS = f"""
WITH ahead AS MATERIALIZED (
  SELECT id FROM incidents
  WHERE id IN (SELECT incident_id FROM incident_monitors WHERE monitor_id = ANY (CAST(:monitor_ids AS int[])))
    AND greatest(started_at, confirmed_at, acknowledged_at, resolved_at) > :now + CAST(:ahead AS interval)
  ORDER BY id
  FOR NO KEY UPDATE
)
UPDATE incidents i
SET started_at = least(started_at, :now), confirmed_at = least(confirmed_at, :now),
  acknowledged_at = {sql_no_later("acknowledged_at")}, resolved_at = {sql_no_later("resolved_at")}
FROM ahead WHERE ahead.id = i.id
"""  # noqa: S608 - the same

# Mails of accounts as well, be there any monitors or not. One that is under way is its sender's for a lease
# from now on: the sender may be gone.
_DELIVERIES = """
WITH ahead AS MATERIALIZED (
  SELECT id FROM deliveries WHERE state = 'pending' AND next_attempt_at > :now + CAST(:ahead AS interval)
  ORDER BY id
  FOR NO KEY UPDATE
)
UPDATE deliveries d SET
  lease_until = CASE WHEN lease_until > :lease_until THEN :lease_until ELSE lease_until END,
  next_attempt_at = CASE WHEN lease_until IS NULL THEN :now ELSE least(lease_until, :lease_until) END
FROM ahead WHERE ahead.id = d.id
"""


def realign(session: Session, *, location_id: int, now: datetime) -> int:
    """Bring back what was set by a clock that was ahead; returns how many probes that concerned.

    Results of that time stay, until the slots that they tell of come round again.
    """
    values = {"location_id": location_id, "now": now, "ahead": FARTHEST_AHEAD, "lease_until": now + LEASE}
    monitor_ids = session.scalars(text(_PROBES), values).all()
    if monitor_ids:
        session.execute(text(_CLAIMS), {**values, "monitor_ids": array(monitor_ids)})
        session.execute(text(_GAPS), values)
        bring_back(session, monitor_ids, now=now)
    session.execute(text(_DELIVERIES), values)
    return len(monitor_ids)


def bring_back(session: Session, monitor_ids: Collection[int], *, now: datetime) -> None:
    """The same for what is told of these monitors; whoever calls holds their probes."""
    values = {"monitor_ids": array(monitor_ids), "now": now, "ahead": FARTHEST_AHEAD}
    for statement in (_HOLD, _MONITORS, _HISTORY, _PARTS, _INCIDENTS):
        session.execute(text(statement), values)
