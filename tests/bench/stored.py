"""What the database has of the window."""

from typing import Any

from arrivals import Window
from instance import Instance
from sqlalchemy import text

_RESULTS = """
SELECT count(*) AS stored, count(*) FILTER (WHERE reason <> 0) AS not_up
FROM results WHERE slot >= :begin AND slot < :end
"""

_LATENESS = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY late_ms) AS p50,
  percentile_disc(0.99) WITHIN GROUP (ORDER BY late_ms) AS p99, max(late_ms) AS max
FROM results WHERE slot >= :begin AND slot < :end
"""

_GAPS = """
SELECT count(*) AS rows, coalesce(sum(count), 0)::int AS slots
FROM gaps WHERE last_slot >= :begin AND first_slot < :end
"""

_CONDITIONS = "SELECT condition, count(*) FROM monitors GROUP BY condition"

_BYTES = """
SELECT sum(pg_relation_size(inhrelid))::float / n AS "row", sum(pg_indexes_size(inhrelid))::float / n AS index
FROM pg_inherits, (SELECT greatest(count(*), 1) AS n FROM results) AS counted
WHERE inhparent = 'results'::regclass GROUP BY n
"""


def results(instance: Instance, window: Window, phases: dict[int, int]) -> dict[str, int]:
    """How many results there are, how many there should be, and how many found anything but up."""
    found = _row(instance, _RESULTS, window)
    expected = sum(window.slots(phase) for phase in phases.values())
    return {"expected": expected, "stored": found["stored"], "not_up": found["not_up"]}


def lateness(instance: Instance, window: Window) -> dict[str, float]:
    """Percentiles in ms of what is stored with each result, in whole ones."""
    return {name: float(value or 0) for name, value in _row(instance, _LATENESS, window).items()}


def gaps(instance: Instance, window: Window) -> dict[str, int]:
    """The gaps that touch the window, and the slots in them."""
    return _row(instance, _GAPS, window)


def conditions(instance: Instance) -> dict[str, int]:
    """How many monitors are in each condition."""
    with instance.sessions.begin() as session:
        return {row[0]: row[1] for row in session.execute(text(_CONDITIONS))}


def bytes_per_result(instance: Instance) -> dict[str, float]:
    """What a result takes on disk, in the table and in its index."""
    found = _row(instance, _BYTES)
    return found | {"sum": sum(found.values())}


def _row(instance: Instance, statement: str, window: Window | None = None) -> dict[str, Any]:
    values = {"begin": window.begin, "end": window.end} if window else {}
    with instance.sessions.begin() as session:
        return dict(session.execute(text(statement), values).mappings().one())
