"""Incidents, read for the people of a team."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts.team import TeamOf
from emeter_core.accounts.user import User
from emeter_core.errors import NotFound
from emeter_core.ids import read_uuid
from emeter_core.incidents.incident import Incident
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.scope import Scope

if TYPE_CHECKING:  # monitors follow their incidents, so at run time they cannot be imported from here
    from emeter_core.monitors.monitor import Monitor

PER_PAGE = 50
MAX_PER_PAGE = 1000
MAX_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident as a list shows it.

    `taken_by` is the e-mail of who acknowledged it: empty where nobody has, or their account is gone.
    """

    incident: Incident
    taken_by: str


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page of incidents: `total` counts all that match, `number` is from 1."""

    rows: list[IncidentRow]
    total: int
    number: int
    per_page: int


@dataclass(frozen=True, slots=True)
class Member:
    """A monitor's part in an incident; `resolved_at` is None while it is not over."""

    monitor: Monitor
    started_at: datetime
    resolved_at: datetime | None


_STATES: dict[str, list[ColumnElement[bool]]] = {
    "all": [],
    "open": [Incident.resolved_at.is_(None)],
    "closed": [Incident.resolved_at.is_not(None)],
}
STATES = tuple(_STATES)


def list_incidents(
    session: Session, scope: Scope, *, state: str = "all", page: int = 1, per_page: int = PER_PAGE
) -> IncidentPage:
    """The incidents of the scope's team, newest first; `state` is one of `STATES`, all else means all."""
    size = max(1, min(per_page, MAX_PER_PAGE))
    number = max(1, min(page, MAX_PAGE))
    wanted = [Incident.team_id == scope.team.id, *_STATES.get(state, [])]
    total = session.scalar(select(func.count()).select_from(Incident).where(*wanted)) or 0
    found = (
        select(Incident, User.email)
        .outerjoin(User, User.id == Incident.acknowledged_by)
        .where(*wanted)
        .order_by(Incident.started_at.desc(), Incident.id.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    rows = [IncidentRow(incident, email or "") for incident, email in session.execute(found)]
    return IncidentPage(rows, total, number, size)


def get_incident(session: Session, scope: Scope, public_id: uuid.UUID | str) -> Incident:
    """One incident of the scope's team; raises NotFound, also for another team's or a malformed id."""
    wanted = select(Incident).where(
        Incident.public_id == read_uuid(public_id), Incident.team_id == scope.team.id
    )
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(f"There is no incident with the id {public_id}.")
    return found


def team_of_incident(public_id: uuid.UUID) -> TeamOf:
    """The question for the team of an incident."""
    return select(Incident.team_id).where(Incident.public_id == public_id)


def members(session: Session, scope: Scope, incident: Incident) -> list[Member]:
    """The monitors of an incident, in the order in which they joined it."""
    from emeter_core.monitors.monitor import Monitor  # noqa: PLC0415 - see above

    found = (
        select(Monitor, IncidentMonitor.started_at, IncidentMonitor.resolved_at)
        .join(IncidentMonitor, IncidentMonitor.monitor_id == Monitor.id)
        .where(IncidentMonitor.incident_id == incident.id, IncidentMonitor.team_id == scope.team.id)
        .order_by(IncidentMonitor.started_at, Monitor.id)
    )
    return [Member(monitor, since, until) for monitor, since, until in session.execute(found)]
