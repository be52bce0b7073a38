"""A team that has used E-Meter for weeks, made in seconds: for tests of speed, and to look at pages.

All is made by set-based statements, and looks to every reader as if it had been checked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core import processes
from emeter_core.checks.slots import sql_slot, sql_slot_after, sql_turn
from emeter_core.checks.take import array
from emeter_core.monitors.location import location_id_of
from emeter_core.scope import Scope
from emeter_core.testing.filling_sql import CHANGES, CONDITIONS, INCIDENTS, MONITORS, PROBES, RESULTS
from emeter_storage.partitions import DAYS_AHEAD, ensure_partitions, sql_day_ms

FAST, FLAPPING, DOWN = 1, 2, 3
"""The places (from 1) of the monitor checked every 5 s, the flapping one, and the first that is down."""

_LATENESS = {"counts": {"67": 9000, "80": 90, "90": 10}, "max_us": 9_000}


@dataclass(frozen=True, slots=True)
class Filled:
    """The ids of the monitors that were made, by their place: see `FAST` and its neighbours."""

    monitor_ids: list[int]

    def at(self, place: int) -> int:
        """The id of the monitor at a place, from 1."""
        return self.monitor_ids[place - 1]


def fill(
    session: Session,
    scope: Scope,
    *,
    now: datetime,
    monitors: int = 1000,
    interval: int = 60,
    hours: float = 24,
    days: int = 30,
    blips: int = 4,
    flaps: int = 10_000,
) -> Filled:
    """Give the scope's team `monitors` that were made `days` ago, each with `blips` short failures since.

    The last `hours` have a result every `interval` seconds (1,000 monitors at 60 s: 1.44 million rows, 10 s).
    By place: the first is checked every 5 s, the second has changed `flaps` times (an even number: it is up),
    three are down, two degraded, then one without data, one blocked, two pending, two paused, all others up.
    A scheduler, a worker and a sender have just been seen.
    """
    for days_ago in range(int(hours // 24) + 1, -1, -DAYS_AHEAD):
        ensure_partitions(session.connection(), now.astimezone(UTC).date() - timedelta(days=days_ago))
    values = {"team_id": scope.team.id, "now": now, "created_at": now - timedelta(days=days)}
    ids = list(session.scalars(text(MONITORS), values | {"monitors": monitors, "interval": interval}))
    values["ids"] = array(ids)
    session.execute(text("SELECT set_config('work_mem', '128MB', true)"))
    session.execute(text(CHANGES), values | {"blips": blips, "flaps": flaps, "days": days})
    session.execute(text(CONDITIONS), values)
    session.execute(text(PROBES), values | {"location_id": location_id_of(session)})
    session.execute(text(_ON_GRID.format(**_GRID)), values)
    since = now - timedelta(hours=hours)
    session.execute(text(RESULTS.format(**_GRID)), values | {"since": since})
    session.execute(text(_LAST_RESULTS), values | {"since": since})
    session.execute(text(INCIDENTS), values)
    _run_processes(session, now)
    session.execute(text("ANALYZE monitors, probes, status_changes, incidents, incident_monitors, results"))
    return Filled(ids)


_GRID = {
    "last_slot": sql_slot("p.id", "p.interval_ms", sql_turn("p.id", "p.interval_ms", ":now")),
    "next_slot": sql_slot_after("p.id", "p.interval_ms", ":now"),
    "first_slot": sql_slot_after("p.id", "p.interval_ms", ":since"),
}

_ON_GRID = """
UPDATE probes p SET next_slot = {next_slot}, last_slot = least({last_slot}, m.paused_at,
  CASE WHEN m.condition = 'no_data' THEN m.condition_since - interval '1 minute' END)
FROM monitors m WHERE m.id = p.monitor_id AND m.id = ANY (CAST(:ids AS int[])) AND m.condition <> 'pending'
"""

_LAST_RESULTS = f"""
UPDATE probes p SET last_slot = r.slot, last_total_us = r.total_us, last_code = r.code, last_reason = r.reason
FROM results r
WHERE r.probe_id = p.id AND r.slot = p.last_slot AND {sql_day_ms("r.slot")} = {sql_day_ms("p.last_slot")}
  AND p.monitor_id = ANY (CAST(:ids AS int[])) AND r.slot > :since
"""  # noqa: S608 - made of our own constants


def _run_processes(session: Session, now: datetime) -> None:
    for name in ("scheduler", "worker", "sender"):
        process_id = processes.enlist(session, name, location_id=None, now=now)
        if name == "worker":
            processes.report(session, process_id, {"lateness": _LATENESS}, now=now)
