"""All that the page of one incident shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from emeter_core.accounts import get_user
from emeter_core.alerts import Delivery, DeliveryState, Event, list_deliveries
from emeter_core.errors import NotFound
from emeter_core.incidents import Incident, Member, members
from emeter_core.monitors import Monitor, open_settings
from emeter_core.outcome import Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault
from emeter_web.formats import NONE, clock, day, length, plural
from emeter_web.shown.evidence import Evidence, evidence_of, phases_of
from emeter_web.shown.recipients import Recipients, recipients
from emeter_web.shown.times import lasted
from emeter_web.words import incident as words

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """What there is of an incident; `status` is that of the page: down while it is open, then up."""

    status: str
    head: str
    lasted: Markup
    cause: str
    facts: Sequence[Fact]
    evidence: Evidence
    timeline: Sequence[words.Entry]
    deliveries: Sequence[Delivery]
    recipient: Recipients
    members: Sequence[Member]


def incident_page(
    session: Session, scope: Scope, incident: Incident, *, vault: Vault, now: datetime
) -> IncidentPage:
    """Look up what the page shows."""
    inside = members(session, scope, incident)
    monitor = inside[0].monitor if inside else None
    deliveries = list_deliveries(session, scope, incident_id=incident.id)
    taken_by = _taken_by(session, incident)
    return IncidentPage(
        status="down" if incident.resolved_at is None else "up",
        head=words.head(incident),
        lasted=lasted(incident.started_at, incident.resolved_at, now),
        cause=words.cause(incident, monitor),
        facts=list(_facts(incident, monitor, taken_by, deliveries, now)),
        evidence=_evidence(incident, monitor, vault, now),
        timeline=words.timeline(incident, monitor, taken_by, deliveries, recipients(scope)),
        recipient=recipients(scope),
        deliveries=deliveries,
        members=inside,
    )


def _taken_by(session: Session, incident: Incident) -> str:
    if incident.acknowledged_by is None:
        return ""
    try:
        return get_user(session, incident.acknowledged_by).email
    except NotFound:
        return ""


def _evidence(incident: Incident, monitor: Monitor | None, vault: Vault, now: datetime) -> Evidence:
    seen = incident.evidence
    reason = Reason.__members__.get(incident.cause.upper(), Reason.NOT_CHECKED)
    settings = open_settings(monitor, vault) if monitor is not None else None
    target = monitor.target if monitor is not None else ""
    return evidence_of(reason, phases_of(seen), seen, settings=settings, target=target, now=now)


def _facts(
    incident: Incident,
    monitor: Monitor | None,
    taken_by: str,
    deliveries: Sequence[Delivery],
    now: datetime,
) -> Iterator[Fact]:
    confirmed = incident.confirmed_at
    yield "Started", clock(incident.started_at), f"{day(incident.started_at, now)}, UTC"
    row = words.failures(monitor.down_after) if monitor is not None else "by the checks that followed"
    yield "Confirmed", f"{length(confirmed - incident.started_at)} later", row
    yield _alarm(deliveries, confirmed)
    taken = incident.acknowledged_at
    if taken is not None:
        yield "Acknowledged", f"{length(taken - confirmed)} later", taken_by
    elif incident.resolved_at is None:
        yield "Acknowledged", NONE, "by nobody yet"
    if incident.resolved_at is not None:
        yield "Closed", clock(incident.resolved_at), f"{day(incident.resolved_at, now)}, UTC"


def _alarm(deliveries: Sequence[Delivery], confirmed: datetime) -> Fact:
    """When the first channel was told that it began, counted from the verdict."""
    opened = [each for each in deliveries if each.event == Event.OPENED]
    sent = [each.sent_at for each in opened if each.state == DeliveryState.SENT and each.sent_at is not None]
    if not opened:
        return "First alarm", NONE, "nobody had to be told"
    if not sent:
        return "First alarm", NONE, f"0 of {plural(len(opened), 'channel')} told"
    told = f"{len(sent)} of {plural(len(opened), 'channel')} told"
    return "First alarm", f"{length(min(sent) - confirmed)} later", told
