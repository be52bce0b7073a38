"""The statements that make rollups, each for many monitors and periods at once.

All read `pieces (monitor_id, first, after)`: periods of the level from `first` to before `after`, which do
not overlap; those of quarter hours lie within one day of UTC.
"""

from collections.abc import Iterable

from sqlalchemy import TextClause, text

from emeter_core.analytics.known import sql_spans
from emeter_core.checks.packing import sql_phase
from emeter_core.microseconds import sql_from_stored, sql_to_stored
from emeter_core.monitors.status import Status
from emeter_core.outcome import Condition, Reason
from emeter_core.rollups.histogram import sql_bucket, sql_pack, sql_unpack
from emeter_core.rollups.level import Level
from emeter_storage.partitions import sql_day_ms

TIMES = {status: f"{status.value}_us" for status in Status}
"""The column that holds how long a monitor had a status."""

PHASES = ("dns_us", "connect_us", "tls_us", "wait_us")
_CHECKS = ("total_us", "checks", "ok", "failures", "min_us", "max_us", *PHASES, "histogram")
_DAY_S = 86_400


def sql_is_failure(reason: str) -> str:
    """SQL for whether a reason found its target down."""
    return (
        f"{reason} IN ({', '.join(str(each.value) for each in Reason if each.condition is Condition.DOWN)})"
    )


def roll_up_statement(level: Level, *, with_checks: bool) -> TextClause:
    """Make the rows of a level, and make those anew that are there; returns (SQL) how many.

    Without checks only the times of statuses are: for periods whose checks are known no finer any more.
    """
    given = _CHECKS if with_checks else ()
    columns = [*TIMES.values(), *given]
    relations = {"pieces": _PIECES, "timed": _timed(level)}
    source = "timed"
    if with_checks:
        relations |= _counted_below(level) if level.below else _counted_raw(level)
        relations["packed"] = sql_pack("bucketed")
        source = (
            "timed FULL JOIN counted USING (monitor_id, period) LEFT JOIN packed USING (monitor_id, period)"
        )
    withs = ",\n".join(f"{name} AS ({each})" for name, each in relations.items())
    values = [f"coalesce({name}, 0)" if name in _NEVER_NULL else name for name in columns]
    # A row that is new without its checks has none: they are not known any more.
    missing = [name for name in _NEVER_NULL if name not in columns]
    return text(f"""
WITH {withs}
INSERT INTO {level.table} (monitor_id, period, {", ".join((*columns, *missing))})
SELECT monitor_id, period, {", ".join((*values, *("0" for _ in missing)))}
FROM {source}
ORDER BY monitor_id, period
ON CONFLICT (monitor_id, period) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in columns)}
""")  # noqa: S608 - made of our own constants


_NEVER_NULL = ("total_us", "checks", "ok", "failures")

_PIECES = """
  SELECT * FROM unnest(CAST(:monitor_ids AS int[]), CAST(:firsts AS int[]), CAST(:afters AS int[]))
    AS piece (monitor_id, first, after)"""


def _timed(level: Level) -> str:
    """How long each monitor had each status in each period: its spans, cut where periods begin."""
    begin, end = level.sql_begin("period"), level.sql_begin("period + 1")
    part = f"least(span.until, {end}) - greatest(span.since, {begin})"
    sums = ", ".join(
        f"sum(us) FILTER (WHERE status = '{status}')::bigint AS {column}" for status, column in TIMES.items()
    )
    return f"""
  SELECT monitor_id, period, {sums}
  FROM pieces JOIN monitors m ON m.id = pieces.monitor_id
  CROSS JOIN LATERAL ({sql_spans(level.sql_begin("first"), level.sql_begin("after"))}) AS span
  CROSS JOIN LATERAL generate_series(
    {level.sql_period("span.since")}, {level.sql_period("span.until - interval '1 microsecond'")}
  ) AS period
  CROSS JOIN LATERAL (SELECT (extract(epoch FROM {part}) * 1000000)::bigint AS us) AS part
  GROUP BY monitor_id, period"""  # noqa: S608 - made of our own constants


def _counted_raw(level: Level) -> dict[str, str]:
    """Relations that count single results."""
    # Lateral, so that the results of each monitor come out of the index; a day ends with its last one.
    ms = sql_day_ms("r.slot")
    raw = f"""
  SELECT pieces.monitor_id, {level.sql_period("r.slot")} AS period, r.reason, r.phases,
    CASE WHEN r.reason = 0 THEN {sql_from_stored("r.total_us")} END AS total_us
  FROM pieces JOIN probes p ON p.monitor_id = pieces.monitor_id
  CROSS JOIN LATERAL (
    SELECT slot, reason, total_us, phases FROM results r
    WHERE r.probe_id = p.id AND {ms} >= first * {level.seconds}::bigint % {_DAY_S} * 1000
      AND {ms} < ((after * {level.seconds}::bigint - 1) % {_DAY_S} + 1) * 1000
      AND r.slot >= {level.sql_begin("first")} AND r.slot < {level.sql_begin("after")}
      AND r.slot >= :since AND r.slot < :until
    OFFSET 0
  ) AS r"""  # noqa: S608 - made of our own constants
    phases = (
        f"sum({sql_phase('phases', number)}) FILTER (WHERE reason = 0)::real AS {name}"
        for number, name in enumerate(PHASES)
    )
    # A run that never told its start took a time that nobody knows: it has succeeded, and is not the least.
    known = "nullif(total_us, 0)"
    counted = f"""
  SELECT monitor_id, period, count(*)::int AS checks, count(total_us)::int AS ok,
    count(*) FILTER (WHERE {sql_is_failure("reason")})::int AS failures,
    sum(total_us)::bigint AS total_us, {sql_to_stored(f"min({known})")} AS min_us,
    {sql_to_stored(f"max({known})")} AS max_us, {_nulls(phases)}
  FROM raw GROUP BY monitor_id, period"""  # noqa: S608 - made of our own constants
    bucketed = f"""
  SELECT monitor_id, period, {sql_bucket("total_us")} AS bucket, count(*) AS count
  FROM raw WHERE total_us IS NOT NULL GROUP BY 1, 2, 3"""  # noqa: S608 - made of our own constants
    return {"raw": raw, "counted": counted, "bucketed": bucketed}


def _counted_below(level: Level) -> dict[str, str]:
    """Relations that add up the rollups of the level below."""
    assert level.below is not None  # noqa: S101 - the caller has looked
    ratio = level.seconds // level.below.seconds
    lower = f"""
  SELECT r.*, r.period / {ratio} AS upper
  FROM pieces CROSS JOIN LATERAL (
    SELECT * FROM {level.below.table} r
    WHERE r.monitor_id = pieces.monitor_id AND r.period >= first * {ratio} AND r.period < after * {ratio}
      AND r.period >= :lowest AND r.period < :highest
    OFFSET 0
  ) AS r"""  # noqa: S608 - made of our own constants
    phases = (f"sum({name}::float8)::real AS {name}" for name in PHASES)
    # A least of 0 stays one: it is of a rollup that was made when runs of unknown length were still in it.
    least, most = sql_from_stored("min_us"), sql_from_stored("max_us")
    counted = f"""
  SELECT monitor_id, upper AS period, sum(checks)::int AS checks, sum(ok)::int AS ok,
    sum(failures)::int AS failures, sum(total_us)::bigint AS total_us,
    {sql_to_stored(f"min({least}) FILTER (WHERE {most} > 0)")} AS min_us,
    {sql_to_stored(f"max(nullif({most}, 0))")} AS max_us, {", ".join(phases)}
  FROM lower GROUP BY monitor_id, upper"""  # noqa: S608 - made of our own constants
    bucketed = f"""
  SELECT monitor_id, upper AS period, bucket, sum(count) AS count
  FROM lower CROSS JOIN LATERAL ({sql_unpack("histogram")}) AS counts
  WHERE histogram IS NOT NULL AND count > 0 GROUP BY 1, 2, 3"""  # noqa: S608 - made of our own constants
    return {"lower": lower, "counted": counted, "bucketed": bucketed}


def _nulls(sums: Iterable[str]) -> str:
    """Sums of which none is stored as zero: most monitors have phases that never take any time."""
    pairs = (each.rpartition(" AS ") for each in sums)
    return ", ".join(f"nullif({expression}, 0) AS {name}" for expression, _, name in pairs)
