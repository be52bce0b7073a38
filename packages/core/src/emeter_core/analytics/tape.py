"""The tape: how many monitors of a team were in trouble, quarter hour by quarter hour."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.analytics.known import sql_spans
from emeter_core.monitors.shown import SQL_SINCE, SQL_STATUS
from emeter_core.scope import Scope

QUARTER = timedelta(minutes=15)
TICKS = 96
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tick(NamedTuple):
    """A quarter hour from `at` on: how many monitors were down in it, how many others were degraded."""

    at: datetime
    down: int
    degraded: int


# A monitor whose status is older than the tape had that one all along: its history need not be read.
# `first` and `last` are ticks; those that an earlier span of the same monitor covers are cut off, so that a
# monitor counts once a tick. Then only the ticks are told in which counts begin and end: two rows a span
# would be much for an outage of all, and a row for each tick of it 96 times that.
_TAPE = text(f"""
WITH shown AS MATERIALIZED (
  SELECT m.id, m.inserted_at, {SQL_STATUS} AS status, {SQL_SINCE} < :since AS is_old
  FROM monitors m WHERE m.team_id = :team_id
), troubles AS (
  SELECT id, status = 'down' AS is_down, 0 AS first, {TICKS - 1} AS last
  FROM shown WHERE is_old AND status IN ('down', 'degraded')
  UNION ALL
  SELECT m.id, span.status = 'down',
    floor(date_part('epoch', span.since - :since) / {QUARTER.seconds})::int,
    ceil(date_part('epoch', span.until - :since) / {QUARTER.seconds})::int - 1
  FROM shown m CROSS JOIN LATERAL ({sql_spans()}) AS span
  WHERE NOT m.is_old AND span.status IN ('down', 'degraded')
), covered AS (
  SELECT kinds.only_down, first, last, coalesce(max(last) OVER (
    PARTITION BY kinds.only_down, id ORDER BY first, last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), -1) AS before
  FROM troubles JOIN (VALUES (false), (true)) AS kinds (only_down) ON is_down OR NOT only_down
), counts AS (
  SELECT only_down, greatest(first, before + 1) AS first, last + 1 AS after FROM covered WHERE last > before
)
SELECT only_down, first, count(*) FROM counts GROUP BY only_down, first
UNION ALL
SELECT only_down, after, -count(*) FROM counts GROUP BY only_down, after
""")  # noqa: S608 - made of our own constants


def tape(session: Session, scope: Scope, *, now: datetime) -> list[Tick]:
    """The 96 quarter hours of the clock up to the one that is `now`, oldest first."""
    newest = _EPOCH + (now - _EPOCH) // QUARTER * QUARTER
    since = newest - (TICKS - 1) * QUARTER
    rows = session.execute(_TAPE, {"team_id": scope.team.id, "since": since, "now": now}).all()
    down = _sum_up((tick, count) for only_down, tick, count in rows if only_down)
    troubled = _sum_up((tick, count) for only_down, tick, count in rows if not only_down)
    return [Tick(since + n * QUARTER, down[n], troubled[n] - down[n]) for n in range(TICKS)]


def _sum_up(differences: Iterable[tuple[int, int]]) -> list[int]:
    steps = [0] * (TICKS + 1)
    for tick, count in differences:
        steps[tick] += count
    return list(accumulate(steps))
