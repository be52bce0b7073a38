"""Monitors, read for the people of a team."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    UnaryExpression,
    case,
    false,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import Session

from emeter_core.accounts.team import TeamOf
from emeter_core.accounts.user import User
from emeter_core.characters import is_storable
from emeter_core.errors import NotFound
from emeter_core.ids import read_uuid
from emeter_core.incidents.incident import Incident
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.microseconds import sql_from_stored
from emeter_core.monitors.cause import cause_of
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.monitors.rows import MonitorRow, OpenIncident
from emeter_core.monitors.shown import shown_rank, shown_since, shown_status
from emeter_core.monitors.status import Status
from emeter_core.outcome import Reason
from emeter_core.scope import Scope

PER_PAGE = 50
MAX_PER_PAGE = 1000
MAX_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of monitors: `total` counts all that match, `number` is from 1."""

    rows: list[MonitorRow]
    total: int
    number: int
    per_page: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How many monitors of a team have each status (0 included), and when one last changed.

    `open_incidents` are those of the team: none where it has no monitors.
    """

    counts: dict[Status, int]
    total: int
    latest_change: datetime | None
    open_incidents: int


def get_monitor(session: Session, scope: Scope, public_id: uuid.UUID | str) -> Monitor:
    """One monitor of the scope's team; raises NotFound, also for another team's or a malformed id."""
    wanted = select(Monitor).where(
        Monitor.public_id == read_uuid(public_id), Monitor.team_id == scope.team.id
    )
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(f"There is no monitor with the id {public_id}.")
    return found


def team_of_monitor(public_id: uuid.UUID) -> TeamOf:
    """The question for the team of a monitor."""
    return select(Monitor.team_id).where(Monitor.public_id == public_id)


def get_monitor_row(session: Session, scope: Scope, public_id: uuid.UUID | str) -> MonitorRow:
    """One monitor as a list shows it, in one statement; raises NotFound as `get_monitor` does."""
    wanted = [Monitor.public_id == read_uuid(public_id), Monitor.team_id == scope.team.id]
    rows, _ = _rows(session, wanted, limit=1)
    if not rows:
        raise NotFound(f"There is no monitor with the id {public_id}.")
    return rows[0]


def overview(session: Session, scope: Scope) -> Overview:
    """Count the monitors of the scope's team by status, and its open incidents."""
    is_open = [Incident.team_id == scope.team.id, Incident.resolved_at.is_(None)]
    incidents = select(func.count()).select_from(Incident).where(*is_open).scalar_subquery()
    found = (
        select(shown_status, func.count(), func.max(shown_since), incidents)
        .where(Monitor.team_id == scope.team.id)
        .group_by(shown_status)
    )
    rows = session.execute(found).all()
    counts = dict.fromkeys(Status, 0) | {Status(status): count for status, count, *_ in rows}
    latest_change = max((since for _, _, since, _ in rows), default=None)
    return Overview(counts, sum(counts.values()), latest_change, rows[0][-1] if rows else 0)


# Of what is well, or rests, it matters little since when: it is sought by its name.
_wrong_since = case((shown_status.in_([Status.UP, Status.PAUSED]), null()), else_=shown_since)
# Zero is the length of a run that never told its start; what was blocked, or not known by us, asked nobody.
_last_us: ColumnElement[int | None] = case(
    (Probe.last_reason >= Reason.ADDRESS_BLOCKED, null()),
    else_=func.nullif(literal_column(sql_from_stored(str(Probe.__table__.c.last_total_us)), BigInteger), 0),
)
_ORDERS: dict[str, list[UnaryExpression[Any]]] = {
    "trouble": [shown_rank.asc(), _wrong_since.asc()],
    "name": [],
    "latency": [_last_us.desc().nulls_last()],
    "changed": [shown_since.desc()],
}
SORTS = tuple(_ORDERS)
_BY_NAME = [func.lower(Monitor.name).asc(), Monitor.id.asc()]


def list_monitors(
    session: Session,
    scope: Scope,
    *,
    search: str = "",
    status: Status | None = None,
    kind: str = "",
    sort: str = "name",
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page:
    """The monitors of the scope's team; `search` looks into names and targets, without case.

    `sort` is one of `SORTS`, anything else means by name: `trouble` first, of the same the longest first,
    what is up or paused by name; `latency` the slowest first; `changed` the newest change first.
    """
    size = max(1, min(per_page, MAX_PER_PAGE))
    number = max(1, min(page, MAX_PAGE))
    wanted = _matching(scope, search, status, kind)
    rows, total = _rows(session, wanted, sort=sort, limit=size, offset=(number - 1) * size)
    if not rows and number > 1:
        total = session.scalar(select(func.count()).select_from(Monitor).where(*wanted)) or 0
    return Page(rows, total, number, size)


_IS_IN = (IncidentMonitor.monitor_id == Monitor.id) & IncidentMonitor.resolved_at.is_(None)
# What the words of a cause are made of: the rest of the evidence may be kilobytes.
_TOLD = ("address", "code", "expected", "final_url", "heartbeat", "received", "round_trips_us", "url")
_EVIDENCE = func.jsonb_build_object(*(part for key in _TOLD for part in (key, Incident.evidence[key])))
_COLUMNS = (
    Monitor,
    Probe.last_slot,
    _last_us,
    Probe.last_reason,
    Probe.last_code,
    Probe.certificate_ends_at,
    Probe.next_slot,
    Probe.failures,
    Incident.id,
    Incident.public_id,
    Incident.cause,
    _EVIDENCE,
    Incident.started_at,
    Incident.acknowledged_at,
    User.email,
)


def _rows(
    session: Session, wanted: list[ColumnElement[bool]], *, sort: str = "name", limit: int, offset: int = 0
) -> tuple[list[MonitorRow], int]:
    """A page of rows, and how many there are on all pages: 0 where the page is beyond them."""
    order = [*_ORDERS.get(sort, []), *_BY_NAME]
    page = _page(wanted, sort).order_by(*order).limit(limit).offset(offset).subquery("page")
    found = (
        select(*_COLUMNS, page.c.total)
        .join(page, page.c.id == Monitor.id)
        .outerjoin(Probe, Probe.monitor_id == Monitor.id)
        .outerjoin(IncidentMonitor, _IS_IN)
        .outerjoin(Incident, Incident.id == IncidentMonitor.incident_id)
        .outerjoin(User, User.id == Incident.acknowledged_by)
        .order_by(*order)
    )
    rows = session.execute(found).all()
    return [_row(row) for row in rows], rows[0].total if rows else 0


def _page(wanted: list[ColumnElement[bool]], sort: str) -> Select[int, int]:
    """Ids alone: a page is found before anything is joined to it, for there may be many monitors."""
    ids = select(Monitor.id, func.count().over().label("total")).where(*wanted)
    return ids.outerjoin(Probe, Probe.monitor_id == Monitor.id) if sort == "latency" else ids


def _row(row: Row[*tuple[Any, ...]]) -> MonitorRow:
    monitor, slot, total_us, reason, code, certificate, next_slot, failures, *incident, _ = row
    return MonitorRow(
        monitor=monitor,
        last_slot=slot,
        last_total_us=total_us,
        last_reason=None if reason is None else Reason(reason),
        last_code=code,
        certificate_ends_at=certificate,
        next_slot=next_slot,
        failures=failures or 0,
        incident=_incident(monitor, *incident),
    )


def _incident(
    monitor: Monitor,
    incident_id: int | None,
    public_id: uuid.UUID,
    cause: str,
    evidence: dict[str, Any],
    started_at: datetime,
    acknowledged_at: datetime | None,
    taken_by: str | None,
) -> OpenIncident | None:
    if incident_id is None:
        return None
    told = cause_of(monitor, cause, evidence)
    return OpenIncident(incident_id, public_id, told, started_at, acknowledged_at, taken_by or "")


def _matching(scope: Scope, search: str, status: Status | None, kind: str) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Monitor.team_id == scope.team.id]
    if needle := search.strip():
        wanted.append(_mentions(needle))
    if status is not None:
        wanted.append(shown_status == status.value)
    if kind:
        wanted.append(Monitor.kind == kind if kind in KINDS else false())
    return wanted


def _mentions(needle: str) -> ColumnElement[bool]:
    if not is_storable(needle):
        # No column can hold it, and the driver would not even ask.
        return false()
    return Monitor.name.icontains(needle, autoescape=True) | Monitor.target.icontains(needle, autoescape=True)
