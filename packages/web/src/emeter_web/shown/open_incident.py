"""The incident that a monitor is in, as the monitor's page tells of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from emeter_core.alerts import list_deliveries
from emeter_core.monitors import MonitorRow
from emeter_core.scope import Scope
from emeter_web.formats import moment
from emeter_web.shown.recipients import brief
from emeter_web.words.incident import in_hand, told_of_opening


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """Who has it in hand, and who was told of it: a sentence each."""

    public_id: uuid.UUID
    in_hand: str
    told: str


def open_incident(session: Session, scope: Scope, row: MonitorRow, *, now: datetime) -> ShownIncident | None:
    """Look it up; asks nothing where there is none."""
    incident = row.incident
    if incident is None:
        return None
    taken = incident.acknowledged_at
    return ShownIncident(
        public_id=incident.public_id,
        in_hand="Nobody has acknowledged it."
        if taken is None
        else f"{_capital(in_hand(taken, incident.taken_by))} since {moment(taken, now)}.",
        told=told_of_opening(list_deliveries(session, scope, incident_id=incident.id), brief),
    )


def _capital(sentence: str) -> str:
    """An e-mail stays as it is."""
    return sentence.capitalize() if sentence.startswith("somebody ") else sentence
