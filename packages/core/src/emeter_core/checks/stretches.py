"""Missed slots as stretches: one that continues the newest gap of its probe makes that gap longer."""

# Reads a relation `missed (probe_id, first_slot, last_slot, count, interval_ms)` of the same statement, in
# which the stretches of a probe do not touch. Nothing lies between two slots that are an interval or less
# apart, so there the older gap goes on.
_GROWN = """
  UPDATE gaps g SET last_slot = m.last_slot, count = g.count + m.count
  FROM missed m
  WHERE g.probe_id = m.probe_id AND g.reason = '{reason}'
    AND g.last_slot < m.first_slot
    AND g.last_slot >= m.first_slot - m.interval_ms * interval '1 millisecond'
    AND NOT EXISTS (
      SELECT FROM gaps n WHERE n.probe_id = g.probe_id AND n.reason = g.reason
        AND n.last_slot > g.last_slot AND n.last_slot < m.first_slot
    )
  RETURNING m.probe_id, m.first_slot
"""

_NEW = """
  INSERT INTO gaps (probe_id, first_slot, last_slot, count, reason)
  SELECT probe_id, first_slot, last_slot, count, '{reason}' FROM missed m
  WHERE NOT EXISTS (SELECT FROM grown WHERE grown.probe_id = m.probe_id AND grown.first_slot = m.first_slot)
  ON CONFLICT (probe_id, first_slot) DO NOTHING
"""


def sql_write_gaps(reason: str) -> str:
    """SQL for the relations that write `missed` into gaps: `grown` and `new_gaps`, parts of a WITH."""
    return f"grown AS ({_GROWN.format(reason=reason)}), new_gaps AS ({_NEW.format(reason=reason)})"


# Slots one by one, joined to stretches: a new one begins where the slot before is over an interval away.
SQL_STRETCHES = """
  SELECT probe_id, min(slot) AS first_slot, max(slot) AS last_slot, count(*)::int AS count, interval_ms
  FROM (
    SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY probe_id ORDER BY slot) AS stretch
    FROM (
      SELECT *, lag(slot) OVER (PARTITION BY probe_id ORDER BY slot)
        < slot - interval_ms * interval '1 millisecond' AS begins
      FROM slots
    ) AS marked
  ) AS numbered
  GROUP BY probe_id, interval_ms, stretch
"""
