"""What becomes of the slots of a monitor that is changed or paused: none is forgotten."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.claim import ClaimKind
from emeter_core.checks.slots import sql_slot, sql_turn
from emeter_core.checks.stretches import sql_write_gaps

# Slots that were due by now, claimed or overdue, end as gaps; claims of later ones are merely taken back.
_BEFORE_NEXT = sql_turn("id", "interval_ms", "next_slot - interval '1 millisecond'")
_NEWEST = sql_turn("id", "interval_ms", ":now")
_IS_OFF_GRID = f"(next_slot <> {sql_slot('id', 'interval_ms', _BEFORE_NEXT + ' + 1')})"

_LET_GO = text(f"""
WITH gone AS (
  DELETE FROM claims c USING probes p
  WHERE p.id = c.probe_id AND p.monitor_id = :monitor_id
  RETURNING c.probe_id, c.slot, c.kind, p.interval_ms
), missed AS (
  SELECT probe_id, slot AS first_slot, slot AS last_slot, 1 AS count, interval_ms FROM gone
  WHERE slot <= :now AND kind <> '{ClaimKind.NOW}'
  UNION ALL
  SELECT id, next_slot, greatest(next_slot, {sql_slot("id", "interval_ms", _NEWEST)}),
    ({_NEWEST} - {_BEFORE_NEXT} + {_IS_OFF_GRID}::int)::int, interval_ms
  FROM probes WHERE monitor_id = :monitor_id AND enabled AND next_slot <= :now
), {sql_write_gaps("dropped")}
SELECT count(*) FROM gone
""")  # noqa: S608 - made of our own constants


def let_go(session: Session, monitor_id: int, *, now: datetime) -> None:
    """Take back all claims of a monitor; what was due by `now` and has no result is written as a gap."""
    session.execute(_LET_GO, {"monitor_id": monitor_id, "now": now})
