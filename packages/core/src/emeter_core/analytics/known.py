"""SQL over `status_changes c` of a monitor `m`, in the order in which they were written down.

The status at a moment is what the newest row (the highest id) says that is effective by then: see
`span.join_spans`. The rows of a monitor are written under the lock of its probes, so ids tell their order.
"""

SQL_KNOWN_STATUS = (
    "CASE WHEN c.paused THEN 'paused' WHEN c.maintenance THEN 'maintenance'"
    " WHEN c.unreachable THEN 'unreachable' ELSE c.condition END"
)
"""`monitors.status_of`, as SQL."""


def sql_first_id(since: str = ":since") -> str:
    """SQL for the id of the row that held at `since`: no older one matters from then on."""
    # No row is older than its monitor, so for a young one nothing is looked for. The index holds all columns
    # that are read here, in this order: of a monitor that flaps there are thousands, each on its own page.
    return f"""CASE WHEN m.inserted_at >= {since} THEN 0 ELSE coalesce((
    SELECT b.id FROM status_changes b
    WHERE b.monitor_id = m.id AND b.effective_at < {since}
    ORDER BY b.id DESC LIMIT 1
  ), 0) END"""  # noqa: S608 - made of our own constants


def sql_spans(since: str = ":since", until: str = ":now") -> str:
    """SQL for the spans (status, since, until) of a monitor between two moments, for a lateral join."""
    return f"""
  SELECT k.* FROM (
    SELECT {SQL_KNOWN_STATUS} AS status, greatest(c.effective_at, {since}) AS since, least({until},
      min(c.effective_at) OVER (ORDER BY c.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) AS until
    FROM status_changes c WHERE c.monitor_id = m.id AND c.id >= {sql_first_id(since)}
  ) AS k WHERE k.since < k.until
"""  # noqa: S608 - made of our own constants
