"""The mails about an incident. Pure: facts in, a mail out."""

from datetime import timedelta

from emeter_core.alerts.facts import Facts
from emeter_core.alerts.words import brief, instant, length, shown_target
from emeter_core.characters import isolated
from emeter_core.mail.mail import Mail
from emeter_core.mail.templates import render_text
from emeter_core.outbox.delivery import Event

_TEMPLATES = {
    Event.OPENED: "incident_opened",
    Event.ACKNOWLEDGED: "incident_acknowledged",
    Event.RESOLVED: "incident_resolved",
}


def incident_mail(facts: Facts) -> Mail:
    """What the mail of this event says."""
    template = _TEMPLATES[facts.event]
    values = _values(facts)
    return Mail(
        to=facts.to,
        subject=_subject(facts),
        text=render_text(__package__, f"{template}.txt", **values),
        html=render_text(__package__, f"{template}.html", **values),
        follows=facts.follows,
    )


def _subject(facts: Facts) -> str:
    name = isolated(facts.incident.title)
    if facts.event is Event.OPENED:
        return f"Down: {name}"
    if facts.event is Event.ACKNOWLEDGED:
        return f"Acknowledged: {name}"
    if facts.was_deleted:
        return f"Deleted while down: {name}"
    return f"Up again after {length(facts.lasted or timedelta(), units=1)}: {name}"


def _values(facts: Facts) -> dict[str, object]:
    incident, zone = facts.incident, facts.team.time_zone
    return {
        "name": isolated(incident.title),
        "cause": facts.cause,
        "started_at": instant(incident.started_at, zone),
        "confirmed_at": instant(incident.confirmed_at, zone),
        "taken_by": isolated(facts.taken_by or "Somebody"),
        "taken_at": instant(incident.acknowledged_at, zone) if incident.acknowledged_at else "",
        "resolved_at": instant(incident.resolved_at, zone) if incident.resolved_at else "",
        "lasted": length(facts.lasted) if facts.lasted is not None else "",
        "was_deleted": facts.was_deleted,
        "target": shown_target(facts.monitor) if facts.monitor else "",
        "seen": brief(incident.evidence),
        "link": facts.link,
        "settings": f"{facts.base_url}/alerts",
        "team": isolated(facts.team.name),
    }
