"""What is told of an incident: looked up once, then rendered for each kind of channel."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.errors import NotFound
from emeter_core.incidents.incident import Incident, Resolution
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.monitors.cause import cause_of
from emeter_core.monitors.monitor import Monitor
from emeter_core.outbox.delivery import Delivery, Event


@dataclass(frozen=True, slots=True)
class Facts:
    """An incident as it is now, with its team; `monitor` is None where it was deleted since.

    `taken_by` is the e-mail of who acknowledged it: None where nobody has, or their account is gone.
    `follows` is the delivery that told the same channel of the beginning.
    """

    event: Event
    told_at: datetime
    to: str
    incident: Incident
    team: Team
    monitor: Monitor | None
    taken_by: str | None
    base_url: str
    follows: uuid.UUID | None

    @property
    def cause(self) -> str:
        """The cause in words, without a full stop."""
        return cause_of(self.monitor, self.incident.cause, self.incident.evidence)

    @property
    def link(self) -> str:
        """The page of the incident."""
        return f"{self.base_url}/incidents/{self.incident.public_id}"

    @property
    def lasted(self) -> timedelta | None:
        """How long it was down; None while it is."""
        end = self.incident.resolved_at
        return None if end is None else end - self.incident.started_at

    @property
    def was_deleted(self) -> bool:
        """Whether the incident ended because nobody wants to know any more."""
        return self.incident.resolution == Resolution.DELETED


def look_up(session: Session, delivery: Delivery, *, base_url: str) -> Facts:
    """The facts for a delivery about an incident; raises NotFound where the incident is gone."""
    found = (
        select(Incident, Team, Monitor, User.email)
        .join(Team, Team.id == Incident.team_id)
        .outerjoin(User, User.id == Incident.acknowledged_by)
        .outerjoin(IncidentMonitor, IncidentMonitor.incident_id == Incident.id)
        .outerjoin(Monitor, Monitor.id == IncidentMonitor.monitor_id)
        .where(Incident.id == delivery.incident_id)
        .order_by(IncidentMonitor.started_at, Monitor.id)
        .limit(1)
    )
    row = session.execute(found.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("The incident is gone.")
    incident, team, monitor, taken_by = row
    return Facts(
        event=Event(delivery.event),
        told_at=delivery.inserted_at,
        to=delivery.recipient,
        incident=incident,
        team=team,
        monitor=monitor,
        taken_by=taken_by,
        base_url=base_url,
        follows=_opening(session, delivery),
    )


def _opening(session: Session, delivery: Delivery) -> uuid.UUID | None:
    if delivery.event == Event.OPENED:
        return None
    return session.scalar(
        select(Delivery.id).where(
            Delivery.incident_id == delivery.incident_id,
            Delivery.channel_id == delivery.channel_id,
            Delivery.event == Event.OPENED,
        )
    )
