"""Latency over time, and its percentiles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from emeter_core.monitors.monitor import Monitor
from emeter_core.scope import Scope

BUCKETS = 120

_Row = Row[*tuple[Any, ...]]


class Percentiles(NamedTuple):
    """Of the checks that succeeded, in microseconds; None where there was none. `checks` counts those."""

    p50: int | None
    p95: int | None
    p99: int | None
    mean: int | None
    checks: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Columns of equal length, one entry a bucket: `at` its begin, the phases as means in microseconds.

    Only checks that succeeded have a say in the means; None where a bucket has none. `checks` counts all,
    `failures` those that found the target down. `percentiles` are those of the whole time.
    """

    at: list[datetime]
    dns: list[int | None]
    connect: list[int | None]
    tls: list[int | None]
    wait: list[int | None]
    transfer: list[int | None]
    checks: list[int]
    failures: list[int]
    percentiles: Percentiles


_PERCENTILES = """percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY total_us) AS shares,
  count(total_us) AS successes, avg(total_us)::int AS total_us"""

# The results of a monitor lie on as many pages, which is what reading them costs: they are read once.
_RESULTS = """
  SELECT r.slot, r.reason, CASE WHEN r.reason = 0 THEN r.total_us END AS total_us,
    CASE WHEN r.reason = 0 THEN r.phases END AS phases
  FROM probes p JOIN monitors m ON m.id = p.monitor_id
  JOIN results r ON r.probe_id = p.id AND r.slot >= :since AND r.slot < :until
  WHERE m.id = :monitor_id AND m.team_id = :team_id
"""


def _sql_mean(offset: int) -> str:
    """SQL for the mean of the number at `offset` (see `checks.packing`); a phase is far below 2^31 us."""
    parts = (f"(get_byte(phases, {offset + n}) << {24 - 8 * n})" for n in range(4))
    return f"avg({' + '.join(parts)})::int"


_LATENCY = text(f"""
SELECT date_bin(:width, slot, :since) AS bucket, count(*) AS checks,
  count(*) FILTER (WHERE reason BETWEEN 1 AND 59) AS failures, {_PERCENTILES},
  {_sql_mean(0)} AS dns, {_sql_mean(4)} AS connect, {_sql_mean(8)} AS tls, {_sql_mean(12)} AS wait
FROM ({_RESULTS}) AS r
GROUP BY GROUPING SETS ((bucket), ())
""")  # noqa: S608 - made of our own constants

_ONLY_PERCENTILES = text(f"SELECT {_PERCENTILES} FROM ({_RESULTS}) AS r")  # noqa: S608 - the same


def latency(
    session: Session,
    scope: Scope,
    monitor: Monitor,
    *,
    since: datetime,
    until: datetime,
    buckets: int = BUCKETS,
) -> Latency:
    """The phases of a monitor's checks from `since` to before `until`, in `buckets` of equal length."""
    # Rounded up, so that no check lies beyond the last bucket.
    width = -((since - until) // buckets)
    values = _values(scope, monitor, since, until) | {"width": width}
    found: dict[datetime | None, _Row] = {row.bucket: row for row in session.execute(_LATENCY, values)}
    at = [since + number * width for number in range(buckets)]
    rows = [found.get(moment) for moment in at]
    dns, connect, tls, wait, transfer = (list(column) for column in zip(*map(_means, rows), strict=True))
    return Latency(
        *(at, dns, connect, tls, wait, transfer),
        checks=[row.checks if row else 0 for row in rows],
        failures=[row.failures if row else 0 for row in rows],
        percentiles=_percentiles(found[None]),
    )


def percentiles(
    session: Session, scope: Scope, monitor: Monitor, *, since: datetime, until: datetime
) -> Percentiles:
    """Percentiles of the time that a monitor's successful checks took; `latency` tells those as well."""
    return _percentiles(session.execute(_ONLY_PERCENTILES, _values(scope, monitor, since, until)).one())


def _values(scope: Scope, monitor: Monitor, since: datetime, until: datetime) -> dict[str, object]:
    return {"monitor_id": monitor.id, "team_id": scope.team.id, "since": since, "until": until}


def _means(row: _Row | None) -> tuple[int | None, ...]:
    """The phases of a bucket; the transfer is what the others leave of the whole, as for a single check."""
    if row is None or not row.successes:
        return (None,) * 5
    phases = (row.dns, row.connect, row.tls, row.wait)
    return *phases, max(0, row.total_us - sum(phases))


def _percentiles(row: _Row) -> Percentiles:
    p50, p95, p99 = row.shares or (None, None, None)
    return Percentiles(p50, p95, p99, row.total_us, row.successes)
