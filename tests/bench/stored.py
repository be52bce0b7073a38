"""What the database has of the window."""

from typing import Any

from arrivals import Window
from instance import Instance
from sqlalchemy import text

from emeter_core.outcome import Reason

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

_WHY = """
SELECT 'gap: ' || reason AS why, sum(count)::int AS slots FROM gaps
WHERE last_slot >= :begin AND first_slot < :end GROUP BY reason
UNION ALL
SELECT 'result: ' || reason, count(*) FROM results
WHERE slot >= :begin AND slot < :end AND reason <> 0 GROUP BY reason
"""

_CONDITIONS = "SELECT condition, count(*) FROM monitors GROUP BY condition"

_BYTES = """
SELECT sum(pg_relation_size(inhrelid))::float / n AS "row", sum(pg_indexes_size(inhrelid))::float / n AS index
FROM pg_inherits, (SELECT greatest(count(*), 1) AS n FROM results) AS counted
WHERE inhparent = 'results'::regclass AND pg_relation_size(inhrelid) > 0 GROUP BY n
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


def why(instance: Instance, window: Window) -> dict[str, int]:
    """What slots ended as that did not find their target up, by the reason."""
    values = {"begin": window.begin, "end": window.end}
    with instance.sessions.begin() as session:
        rows = session.execute(text(_WHY), values).all()
    return {_words(reason): count for reason, count in rows}


def conditions(instance: Instance) -> dict[str, int]:
    """How many monitors are in each condition."""
    with instance.sessions.begin() as session:
        return {row[0]: row[1] for row in session.execute(text(_CONDITIONS))}


def bytes_per_result(instance: Instance) -> dict[str, float]:
    """What a result takes on disk, in the table and in its index."""
    found = _row(instance, _BYTES)
    return found | {"sum": sum(found.values())}


def _words(reason: str) -> str:
    """Results have the number of a reason, gaps its word."""
    what, _, told = reason.partition(": ")
    return f"{what}: {Reason(int(told)).name.lower()}" if told.isdigit() else reason


def _row(instance: Instance, statement: str, window: Window | None = None) -> dict[str, Any]:
    values = {"begin": window.begin, "end": window.end} if window else {}
    with instance.sessions.begin() as session:
        return dict(session.execute(text(statement), values).mappings().one())
