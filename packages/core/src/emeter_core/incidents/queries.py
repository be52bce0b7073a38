"""Incidents, read for the people of a team."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.incidents.incident import Incident
from emeter_core.scope import Scope


def list_incidents(
    session: Session, scope: Scope, *, open_only: bool = False, limit: int = 50
) -> Sequence[Incident]:
    """The newest incidents of the scope's team, at most `limit`."""
    found = (
        select(Incident)
        .where(Incident.team_id == scope.team.id)
        .order_by(Incident.started_at.desc())
        .limit(limit)
    )
    if open_only:
        found = found.where(Incident.resolved_at.is_(None))
    return session.scalars(found).all()
