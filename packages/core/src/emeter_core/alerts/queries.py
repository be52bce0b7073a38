"""Who was told what and when, for the people of a team; and what is no longer told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from emeter_core.incidents.incident import Incident
from emeter_core.outbox.delivery import Delivery, DeliveryState
from emeter_core.scope import Scope
from emeter_storage.statements import affected_rows

KEPT = timedelta(days=400)
"""As long as a year's report may ask who was told."""
KEPT_OF_ACCOUNTS = timedelta(days=30)


_NEWEST_FIRST = (Delivery.inserted_at.desc(), Delivery.channel, Delivery.id)


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery, and the incident that it is about: its public id and its title."""

    delivery: Delivery
    public_id: uuid.UUID
    title: str


def list_deliveries(
    session: Session, scope: Scope, *, incident_id: int, limit: int = 50
) -> Sequence[Delivery]:
    """The newest deliveries about one incident of the scope's team, at most `limit`."""
    found = (
        select(Delivery)
        .where(Delivery.team_id == scope.team.id, Delivery.incident_id == incident_id)
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
    )
    return session.scalars(found).all()


def list_told(session: Session, scope: Scope, *, limit: int = 50) -> list[Told]:
    """The newest deliveries of the scope's team, each with the incident that it is about."""
    found = (
        select(Delivery, Incident.public_id, Incident.title)
        .join(Incident, Incident.id == Delivery.incident_id)
        .where(Delivery.team_id == scope.team.id)
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
    )
    return [Told(delivery, public_id, title) for delivery, public_id, title in session.execute(found)]


def purge(session: Session, *, now: datetime) -> int:
    """Delete what was settled long ago: after 400 days, mails of accounts after 30. Returns how many."""
    is_old = (Delivery.inserted_at < now - KEPT) | (
        Delivery.team_id.is_(None) & (Delivery.inserted_at < now - KEPT_OF_ACCOUNTS)
    )
    gone = session.execute(
        delete(Delivery)
        .where(Delivery.state != DeliveryState.PENDING, is_old)
        .execution_options(synchronize_session=False)
    )
    return affected_rows(gone)
