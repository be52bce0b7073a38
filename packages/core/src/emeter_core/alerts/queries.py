"""Who was told what and when, for the people of a team; and what is no longer told."""

from collections.abc import Sequence
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


def list_deliveries(
    session: Session, scope: Scope, *, incident: Incident | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """The newest deliveries of the scope's team, or those about one incident, at most `limit`."""
    found = (
        select(Delivery)
        .where(Delivery.team_id == scope.team.id)
        .order_by(Delivery.inserted_at.desc(), Delivery.channel, Delivery.id)
        .limit(limit)
    )
    if incident is not None:
        found = found.where(Delivery.incident_id == incident.id)
    return session.scalars(found).all()


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
