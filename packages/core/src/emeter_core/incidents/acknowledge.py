"""That a person takes an incident, and that those hear of it who were told that it began."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from emeter_core.accounts.locks import hold_user
from emeter_core.incidents.incident import Incident
from emeter_core.outbox import Event, enqueue_incidents
from emeter_core.scope import Scope
from emeter_storage.statements import affected_rows


def acknowledge(session: Session, scope: Scope, incident: Incident, *, now: datetime) -> bool:
    """Note that the scope's user has taken `incident`, and tell so; False where it is over, or was taken.

    The condition settles the race of two people who press at the same instant: the first one has it. Who
    resolves it at that instant waits for the row, so that nobody is told that it was taken once it is over.
    Raises NotFound where the user's account was deleted at that instant.
    """
    hold_user(session, scope.user)
    taken = session.execute(
        update(Incident)
        .where(
            Incident.id == incident.id,
            Incident.team_id == scope.team.id,
            Incident.acknowledged_at.is_(None),
            Incident.resolved_at.is_(None),
        )
        .values(acknowledged_at=now, acknowledged_by=scope.user.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(incident)
    if not affected_rows(taken):
        return False
    enqueue_incidents(session, Event.ACKNOWLEDGED, [incident.id], now=now)
    return True
