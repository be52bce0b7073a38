"""Monitors, read for the people of a team."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from emeter_core.characters import is_storable
from emeter_core.errors import NotFound
from emeter_core.ids import read_uuid
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.monitors.status import Status
from emeter_core.outcome import Reason
from emeter_core.scope import Scope

PER_PAGE = 50
MAX_PER_PAGE = 1000
MAX_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A monitor as a list shows it. `last_total_us` in microseconds, None before the first check."""

    monitor: Monitor
    last_slot: datetime | None
    last_total_us: int | None
    last_reason: Reason | None
    last_code: int | None
    certificate_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of monitors: `total` counts all that match, `number` is from 1."""

    rows: list[MonitorRow]
    total: int
    number: int
    per_page: int


def get_monitor(session: Session, scope: Scope, public_id: uuid.UUID | str) -> Monitor:
    """One monitor of the scope's team; raises NotFound, also for another team's or a malformed id."""
    wanted = select(Monitor).where(
        Monitor.public_id == read_uuid(public_id), Monitor.team_id == scope.team.id
    )
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(f"There is no monitor with the id {public_id}.")
    return found


def list_monitors(
    session: Session,
    scope: Scope,
    *,
    search: str = "",
    status: Status | None = None,
    kind: str = "",
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page:
    """The monitors of the scope's team by name; `search` looks into names and targets, without case."""
    size = max(1, min(per_page, MAX_PER_PAGE))
    number = max(1, min(page, MAX_PAGE))
    wanted = _matching(scope, search, status, kind)
    total = session.scalar(select(func.count()).select_from(Monitor).where(*wanted)) or 0
    return Page(_rows(session, select(Monitor, Probe).where(*wanted), size, number), total, number, size)


def _rows(session: Session, found: Select[Monitor, Probe], size: int, number: int) -> list[MonitorRow]:
    ordered = (
        found.outerjoin(Probe, Probe.monitor_id == Monitor.id)
        .order_by(func.lower(Monitor.name), Monitor.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    return [_row(monitor, probe) for monitor, probe in session.execute(ordered)]


def _row(monitor: Monitor, probe: Probe | None) -> MonitorRow:
    if probe is None:
        return MonitorRow(monitor, None, None, None, None, None)
    reason = None if probe.last_reason is None else Reason(probe.last_reason)
    return MonitorRow(
        monitor, probe.last_slot, probe.last_total_us, reason, probe.last_code, probe.certificate_ends_at
    )


def _matching(scope: Scope, search: str, status: Status | None, kind: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Monitor.team_id == scope.team.id]
    if needle := search.strip():
        wanted.append(_mentions(needle))
    if status is Status.PAUSED:
        wanted.append(Monitor.paused_at.is_not(None))
    elif status is not None:
        wanted.extend([Monitor.condition == status.value, Monitor.paused_at.is_(None)])
    if kind:
        wanted.append(Monitor.kind == kind if kind in KINDS else false())
    return wanted


def _mentions(needle: str) -> ColumnElement[bool]:
    if not is_storable(needle):
        # No column can hold it, and the driver would not even ask.
        return false()
    return Monitor.name.icontains(needle, autoescape=True) | Monitor.target.icontains(needle, autoescape=True)
