"""Single checks: the last ones, one with its evidence, and the newest latencies of many monitors."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from emeter_core.checks.packing import unpack_phases
from emeter_core.checks.slots import from_us, to_us
from emeter_core.checks.take import array
from emeter_core.errors import NotFound
from emeter_core.microseconds import from_stored, sql_from_stored
from emeter_core.monitors.monitor import Monitor
from emeter_core.outcome import Condition, Phases, Reason
from emeter_core.rollups.level import DAY
from emeter_core.scope import Scope
from emeter_storage.partitions import sql_day_ms

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `code` is 0 where there was none; `late_ms` is how long after its slot it began."""

    slot: datetime
    reason: Reason
    code: int
    phases: Phases
    total_us: int
    late_ms: int
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def slot_us(self) -> int:
        """The slot in microseconds since 1970: how URLs name a check."""
        return to_us(self.slot)

    @property
    def condition(self) -> Condition:
        """What the check found, on its own."""
        return self.reason.condition


_MS = sql_day_ms("slot")

# The key of results is one of their day. Days come newest first, and a lateral join keeps their order: an
# older one is looked into only as long as there are too few.
_NEWEST = f"""
SELECT slot, reason, code, phases, total_us, late_ms, evidence
FROM unnest(CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[])) AS day (since, until)
CROSS JOIN LATERAL (
  SELECT * FROM results
  WHERE probe_id = p.id AND slot >= day.since AND slot < day.until AND slot >= :since AND slot < :until
    AND {_MS} >= {sql_day_ms("day.since")}
    AND {_MS} <= {sql_day_ms("day.until - interval '1 microsecond'")}
  ORDER BY {_MS} DESC LIMIT :limit
) AS r
LIMIT :limit
"""  # noqa: S608 - made of our own constants

_LAST = text(f"""
SELECT r.* FROM probes p JOIN monitors m ON m.id = p.monitor_id CROSS JOIN LATERAL ({_NEWEST}) AS r
WHERE m.id = :monitor_id AND m.team_id = :team_id
ORDER BY r.slot DESC LIMIT :limit
""")  # noqa: S608 - made of our own constants

_ONE = text(f"""
SELECT r.* FROM probes p JOIN monitors m ON m.id = p.monitor_id
JOIN results r ON r.probe_id = p.id AND r.slot = :slot
  AND {sql_day_ms("r.slot")} = {sql_day_ms("CAST(:slot AS timestamptz)")}
WHERE m.id = :monitor_id AND m.team_id = :team_id LIMIT 1
""")  # noqa: S608 - made of our own constants

_RECENT = text(f"""
SELECT m.id, ARRAY(
  SELECT CASE WHEN r.reason = 0 THEN nullif({sql_from_stored("r.total_us")}, 0) END
  FROM ({_NEWEST}) AS r ORDER BY r.slot
)
FROM monitors m JOIN probes p ON p.monitor_id = m.id
WHERE m.id = ANY (CAST(:monitor_ids AS int[])) AND m.team_id = :team_id
""")  # noqa: S608 - made of our own constants


def last_checks(
    session: Session, scope: Scope, monitor: Monitor, *, now: datetime, limit: int = 20
) -> list[Check]:
    """The newest checks of a monitor, newest first; of a paused or silent one those before that."""
    interval = timedelta(seconds=monitor.interval_seconds)
    values = {
        "monitor_id": monitor.id,
        "team_id": scope.team.id,
        "limit": limit,
        **_days(_last_checked_at(monitor, now) - max(_DAY, 2 * limit * interval), now),
    }
    return [_check(row) for row in session.execute(_LAST, values)]


def get_check(session: Session, scope: Scope, monitor: Monitor, slot_us: int) -> Check:
    """The check of one slot (microseconds since 1970); raises NotFound, also where its day was dropped."""
    try:
        slot = from_us(slot_us)
    except OverflowError:
        raise NotFound("There is no such check.") from None
    values = {"monitor_id": monitor.id, "team_id": scope.team.id, "slot": slot}
    row = session.execute(_ONE, values).one_or_none()
    if row is None:
        raise NotFound("There is no such check.")
    return _check(row)


def recent_latencies(
    session: Session, scope: Scope, monitor_ids: Iterable[int], *, now: datetime, limit: int = 32
) -> dict[int, list[int | None]]:
    """For each monitor the times of its last checks in microseconds, oldest first.

    None stands for one that failed, and for a run that never told its start. At most `limit` of them, and
    none that is older than a day.
    """
    ids = list(monitor_ids)
    values = {
        "monitor_ids": array(ids),
        "team_id": scope.team.id,
        "limit": limit,
        **_days(now - _DAY, now),
    }
    found = {monitor_id: latencies for monitor_id, latencies in session.execute(_RECENT, values)}  # noqa: C416 - rows are no pairs to mypy
    return {monitor_id: found.get(monitor_id, []) for monitor_id in ids}


def _last_checked_at(monitor: Monitor, now: datetime) -> datetime:
    """A moment near its last check, as far as the monitor itself tells: only days from there on are read."""
    moment = monitor.paused_at or now
    return min(moment, monitor.condition_since) if monitor.condition == Condition.NO_DATA else moment


def _days(after: datetime, until: datetime) -> dict[str, object]:
    """The values of `_NEWEST` for slots after `after` up to `until`, day by day."""
    since, end = after + _MICROSECOND, until + _MICROSECOND
    begins = [end]
    while begins[-1] > since:
        begins.append(max(since, DAY.floor(begins[-1] - _MICROSECOND)))
    return {
        "since": since,
        "until": end,
        "sinces": array(f'"{begin.isoformat()}"' for begin in begins[1:]),
        "untils": array(f'"{end.isoformat()}"' for end in begins[:-1]),
    }


def _check(row: Row[*tuple[Any, ...]]) -> Check:
    total_us = from_stored(row.total_us)
    return Check(
        slot=row.slot,
        reason=Reason(row.reason),
        code=row.code,
        phases=unpack_phases(bytes(row.phases), total_us),
        total_us=total_us,
        late_ms=row.late_ms,
        evidence=row.evidence or {},
    )
