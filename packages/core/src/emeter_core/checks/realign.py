"""After a clock that was ahead: what it wrote about a time that is yet to come is brought back to now."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.slots import sql_slot, sql_slot_after, sql_turn
from emeter_core.monitors.location import INBOUND_ID

_FARTHEST_AHEAD = timedelta(seconds=10)
"""Slots are claimed two seconds ahead; the rest is room for processes that disagree about the time."""

# A next slot far ahead would be waited for until the time comes round again, and with a last one that is
# ahead no result before it would count. Locked in the order that all writers keep to.
_PROBES = f"""
WITH ahead AS MATERIALIZED (
  SELECT id, location_id = :location_id
    AND next_slot > :now + interval_ms * interval '1 millisecond' + CAST(:ahead AS interval) AS waits
  FROM probes
  WHERE enabled AND (location_id = :location_id
      AND next_slot > :now + interval_ms * interval '1 millisecond' + CAST(:ahead AS interval)
    OR location_id IN (:location_id, {INBOUND_ID}) AND last_slot > :now + CAST(:ahead AS interval))
  ORDER BY id
  FOR NO KEY UPDATE
)
UPDATE probes p
SET next_slot = CASE WHEN waits THEN {sql_slot_after("p.id", "interval_ms", ":now")} ELSE next_slot END,
  last_slot = least(last_slot, :now), streak_since = least(streak_since, :now),
  streak_ended_at = least(streak_ended_at, :now)
FROM ahead WHERE ahead.id = p.id
RETURNING p.id
"""  # noqa: S608 - made of our own constants

# What is the case holds from now on, not from a time to come.
_HISTORY = """
WITH changes AS (
  UPDATE status_changes SET effective_at = :now, recorded_at = least(recorded_at, :now)
  WHERE effective_at > :now + CAST(:ahead AS interval)
)
UPDATE monitors SET condition_since = :now WHERE condition_since > :now + CAST(:ahead AS interval)
"""

# Slots to come are checked when they come.
_NEWEST = sql_turn("p.id", "p.interval_ms", ":now")
_GAPS = f"""
WITH to_come AS (
  DELETE FROM gaps WHERE first_slot > :now
)
UPDATE gaps g SET last_slot = greatest(g.first_slot, {sql_slot("p.id", "p.interval_ms", _NEWEST)}),
  count = greatest(1, g.count - ({sql_turn("p.id", "p.interval_ms", "g.last_slot")} - {_NEWEST}))
FROM probes p WHERE p.id = g.probe_id AND g.first_slot <= :now AND g.last_slot > :now
"""  # noqa: S608 - the same

_DELIVERIES = """
UPDATE deliveries SET next_attempt_at = :now
WHERE state = 'pending' AND next_attempt_at > :now + CAST(:ahead AS interval)
"""


def realign(session: Session, *, location_id: int, now: datetime) -> int:
    """Bring back what was set by a clock that was ahead; returns how many probes that concerned.

    Results of that time stay, until the slots that they tell of come round again.
    """
    values = {"location_id": location_id, "now": now, "ahead": _FARTHEST_AHEAD}
    probes = session.execute(text(_PROBES), values).all()
    if probes:
        for statement in (_HISTORY, _GAPS, _DELIVERIES):
            session.execute(text(statement), values)
    return len(probes)
