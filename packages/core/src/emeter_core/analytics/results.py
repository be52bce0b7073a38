"""What a monitor was over time: the one way to read its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from emeter_core.analytics.bucket import Bucket, Sums, joined
from emeter_core.analytics.history import history
from emeter_core.analytics.roll_up_sql import PHASES, TIMES, sql_is_failure
from emeter_core.analytics.scale import Scale, Timespan, edges, zone_of
from emeter_core.analytics.sources import Reach, Stretch, kept_edges, stretches
from emeter_core.analytics.span import Span
from emeter_core.checks.packing import sql_phase
from emeter_core.checks.take import array
from emeter_core.microseconds import from_stored, sql_from_stored
from emeter_core.monitors.monitor import Monitor
from emeter_core.rollups import DAY, LEVELS, RAW, Level, RollupProgress
from emeter_core.rollups.histogram import lowest_in, unknown_in
from emeter_core.scope import Scope
from emeter_storage.partitions import sql_day_ms

_Row = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Results:
    """The buckets of a time span, oldest first, and what they are together; None where there is no bucket."""

    buckets: Sequence[Bucket]
    whole: Bucket | None


def results(
    session: Session, scope: Scope, monitor: Monitor, timespan: Timespan, scale: Scale, *, now: datetime
) -> Results:
    """What `monitor` was in the buckets of `scale` that touch `timespan`: whole ones, the last until `now`.

    Days, weeks and months are those of the team's time zone. Each is told by the coarsest rollups that lie in
    it, and what is not rolled up yet by single results and status changes. A bucket has no finer edges than
    what is kept of its time: minutes for single results, then quarter hours, hours, days of UTC. A stranger's
    monitor has no figures.
    """
    cuts = edges(timespan, scale, zone_of(scope.team.time_zone), now=now)
    return results_between(session, scope, monitor, cuts)


def results_between(
    session: Session, scope: Scope, monitor: Monitor, cuts: Sequence[datetime], *, with_times: bool = True
) -> Results:
    """Read `results` between `cuts`; without the times of statuses that may cost a statement less."""
    reaches = dict.fromkeys((RAW, *(level.name for level in LEVELS)), Reach(None, None))
    for level, *reach in session.execute(_REACHES):
        reaches[level] = Reach(*reach)
    cuts = kept_edges(cuts, reaches)
    if not cuts:
        return Results([], None)
    parts = list(stretches(cuts, reaches))
    sums = [Sums() for _ in cuts[1:]]
    ids = {"monitor_id": monitor.id, "team_id": scope.team.id}
    _add_rollups(session, ids, [part for part in parts if part.level], sums)
    single = [part for part in parts if part.level is None]
    if single:
        _add_single(session, ids, single, sums)
        if with_times:
            spans = history(session, scope, [monitor.id], since=single[0].since, now=single[-1].until)
            _add_times(spans.get(monitor.id, []), single, sums)
    return _told(cuts, sums)


_REACHES = select(RollupProgress.level, RollupProgress.done_until, RollupProgress.kept_since)


def _told(cuts: Sequence[datetime], sums: Sequence[Sums]) -> Results:
    buckets = [Bucket(*ends, each) for each, ends in zip(sums, pairwise(cuts), strict=True)]
    return Results(buckets, joined(buckets))


_COLUMNS = ("checks", "ok", "failures", "total_us", "min_us", "max_us", *PHASES, "histogram", *TIMES.values())
_OWN = "EXISTS (SELECT FROM monitors m WHERE m.id = :monitor_id AND m.team_id = :team_id)"


def _sql_rollups(level: Level) -> str:
    """SQL for the rows of a level in stretches; bounds for all of them leave partitions out beforehand."""
    name = level.name
    return f"""
SELECT part.bucket, {", ".join(f"r.{column}" for column in _COLUMNS)}
FROM unnest(CAST(:{name}_buckets AS int[]), CAST(:{name}_firsts AS int[]), CAST(:{name}_afters AS int[]))
  AS part (bucket, first, after)
CROSS JOIN LATERAL (
  SELECT * FROM {level.table} WHERE monitor_id = :monitor_id AND period >= first AND period < after
    AND period >= :{name}_lowest AND period < :{name}_highest
  OFFSET 0
) AS r
WHERE {_OWN}"""  # noqa: S608 - made of our own constants


_ROLLUPS = {level: _sql_rollups(level) for level in LEVELS}


def _add_rollups(
    session: Session, ids: Mapping[str, object], parts: Iterable[Stretch], sums: Sequence[Sums]
) -> None:
    values = dict(ids)
    statements = []
    for level in LEVELS:
        own = [part for part in parts if part.level is level]
        if not own:
            continue
        firsts, afters = (
            [level.period(part.since) for part in own],
            [level.period(part.until) for part in own],
        )
        statements.append(_ROLLUPS[level])
        values |= {
            f"{level.name}_buckets": array(part.bucket for part in own),
            f"{level.name}_firsts": array(firsts),
            f"{level.name}_afters": array(afters),
            f"{level.name}_lowest": min(firsts),
            f"{level.name}_highest": max(afters),
        }
    if statements:
        for bucket, *figures in session.execute(text(" UNION ALL ".join(statements)), values):
            sums[bucket].add(_of_rollup(*figures))


def _of_rollup(*figures: Any) -> Sums:  # noqa: ANN401 - the columns of a row
    checks, ok, failures, total_us, least, most, *rest = figures
    phases, packed, times = rest[: len(PHASES)], bytes(rest[len(PHASES)] or b""), rest[len(PHASES) + 1 :]
    # Zeros of runs of unknown length are in rollups that were made before those were left out: what was the
    # least of the others is told as well as their buckets know it.
    known = from_stored(least) if least else lowest_in(packed) if most else None
    return Sums(
        *(checks, ok, failures, ok - unknown_in(packed), total_us),
        least=known,
        most=from_stored(most) if most else None,
        phases=[phase or 0.0 for phase in phases],
        histograms=[packed] if packed else [],
        times={status: timedelta(microseconds=us) for status, us in zip(TIMES, times, strict=True) if us},
    )


_MS = sql_day_ms("slot")
_SINGLE = text(f"""
SELECT part.bucket, r.* FROM unnest(
  CAST(:buckets AS int[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[])
) AS part (bucket, since, until)
CROSS JOIN LATERAL (
  SELECT count(*)::int AS checks, count(*) FILTER (WHERE {sql_is_failure("reason")})::int AS failures,
    count(*) FILTER (WHERE reason = 0)::int AS ok,
    array_agg({sql_from_stored("total_us")}) FILTER (WHERE reason = 0 AND total_us <> 0) AS values,
    {", ".join(f"sum({sql_phase('phases', n)}) FILTER (WHERE reason = 0)" for n in range(len(PHASES)))}
  FROM probes p CROSS JOIN LATERAL (
    SELECT total_us, reason, phases FROM results
    WHERE probe_id = p.id AND slot >= part.since AND slot < part.until AND slot >= :since AND slot < :until
      AND {_MS} >= {sql_day_ms("part.since")}
      AND {_MS} <= {sql_day_ms("part.until - interval '1 microsecond'")}
    OFFSET 0
  ) AS r
  WHERE p.monitor_id = :monitor_id
) AS r
WHERE {_OWN} AND r.checks > 0
""")  # noqa: S608 - made of our own constants


def _add_single(
    session: Session, ids: Mapping[str, object], parts: Sequence[Stretch], sums: Sequence[Sums]
) -> None:
    cut = [piece for part in parts for piece in _by_day(part)]
    values = {
        "buckets": array(part.bucket for part in cut),
        "sinces": array(f'"{part.since.isoformat()}"' for part in cut),
        "untils": array(f'"{part.until.isoformat()}"' for part in cut),
        "since": cut[0].since,
        "until": cut[-1].until,
    }
    for bucket, checks, failures, ok, found, *phases in session.execute(_SINGLE, {**ids, **values}):
        latencies = found or []
        sums[bucket].add(
            Sums(
                *(checks, ok, failures, len(latencies), sum(latencies)),
                least=min(latencies, default=None),
                most=max(latencies, default=None),
                phases=[float(phase or 0) for phase in phases],
                values=latencies,
            )
        )


def _by_day(part: Stretch) -> Iterable[Stretch]:
    """Cut a stretch where days of UTC begin: the key of results is one of their day."""
    since = part.since
    while since < part.until:
        until = min(part.until, DAY.floor(since) + DAY.length)
        yield part._replace(since=since, until=until)
        since = until


def _add_times(spans: Sequence[Span], parts: Sequence[Stretch], sums: Sequence[Sums]) -> None:
    """Add how long each status lasted in each stretch; both are in order."""
    left = list(reversed(spans))
    for part in parts:
        while left and left[-1].since < part.until:
            span = left[-1]
            since, until = max(span.since, part.since), min(span.until, part.until)
            if since < until:
                sums[part.bucket].add_time(span.status, until - since)
            if span.until > part.until:
                break
            left.pop()
