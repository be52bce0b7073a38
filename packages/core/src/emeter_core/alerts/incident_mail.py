"""The mails about an incident. Pure: facts in, a mail out."""

from datetime import timedelta

from emeter_core.alerts.facts import Facts
from emeter_core.alerts.words import brief, instant, length, shown_target
from emeter_core.mail.mail import Mail
from emeter_core.mail.templates import render_text
from emeter_core.outbox.delivery import Event

_TEMPLATES = {Event.OPENED: "incident_opened", Event.RESOLVED: "incident_resolved"}


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
    if facts.event is Event.OPENED:
        return f"Down: {facts.incident.title}"
    if facts.was_deleted:
        return f"Deleted while down: {facts.incident.title}"
    return f"Up again after {length(facts.lasted or timedelta(), units=1)}: {facts.incident.title}"


def _values(facts: Facts) -> dict[str, object]:
    incident, zone = facts.incident, facts.team.time_zone
    return {
        "name": incident.title,
        "cause": facts.cause,
        "started_at": instant(incident.started_at, zone),
        "confirmed_at": instant(incident.confirmed_at, zone),
        "resolved_at": instant(incident.resolved_at, zone) if incident.resolved_at else "",
        "lasted": length(facts.lasted) if facts.lasted is not None else "",
        "was_deleted": facts.was_deleted,
        "target": shown_target(facts.monitor.target) if facts.monitor else "",
        "seen": brief(incident.evidence),
        "link": facts.link,
        "settings": f"{facts.base_url}/alerts",
        "team": facts.team.name,
    }
