"""An incident in a sentence, and what happened in it, newest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from emeter_core.alerts import Delivery, DeliveryState, Event
from emeter_core.incidents import Incident, Resolution, cause_in_words
from emeter_core.monitors import Monitor
from emeter_core.outcome import Reason
from emeter_web.formats import length, plural
from emeter_web.words.causes import cause_of

_SENT = {Event.OPENED: "Alarm", Event.RESOLVED: "All-clear"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: a change of state has a status, what was done an icon."""

    at: datetime
    strong: str
    text: str = ""
    status: str = ""
    icon: str = ""
    more: str = ""


def head(incident: Incident) -> str:
    """The head of its page: `Payments API is down`."""
    if incident.resolved_at is None:
        return f"{incident.title} is down"
    if incident.resolution == Resolution.DELETED:
        return f"{incident.title} was deleted while it was down"
    return f"{incident.title} was down"


def cause(incident: Incident, monitor: Monitor | None) -> str:
    """Why it began, with what the monitor expected where it is still there; without a full stop."""
    reason = Reason.__members__.get(incident.cause.upper())
    if monitor is None or reason is None:
        return cause_in_words(incident.cause, incident.evidence)
    code = incident.evidence.get("code")
    return cause_of(monitor, reason, code if isinstance(code, int) else 0, incident.evidence)


def timeline(
    incident: Incident, monitor: Monitor | None, taken_by: str, deliveries: Sequence[Delivery]
) -> list[Entry]:
    """What happened, newest first; of two things at one instant the one that follows from the other."""
    entries = [
        *_beginning(incident, monitor),
        *_told(deliveries, Event.OPENED),
        *_taken(incident, taken_by),
        *_end(incident),
        *_told(deliveries, Event.RESOLVED),
    ]
    # Turned round, for a stable sort keeps the order of what is equal.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _beginning(incident: Incident, monitor: Monitor | None) -> Iterator[Entry]:
    yield Entry(incident.started_at, "First failure.", f"{cause(incident, monitor)}.", status="degraded")
    told = (
        f"{monitor.down_after} failures in a row." if monitor is not None and monitor.down_after > 1 else ""
    )
    yield Entry(incident.confirmed_at, "Confirmed down.", told, status="down")


def _taken(incident: Incident, taken_by: str) -> Iterator[Entry]:
    if incident.acknowledged_at is not None:
        yield Entry(incident.acknowledged_at, taken_by or "Somebody", "acknowledged.", icon="check")


def _end(incident: Incident) -> Iterator[Entry]:
    if incident.resolved_at is None:
        return
    if incident.resolution == Resolution.DELETED:
        yield Entry(incident.resolved_at, "Deleted.", "Nobody wants to know any more.", icon="trash")
    else:
        yield Entry(
            incident.resolved_at, "Up again.", "The first good check of those that ended it.", status="up"
        )


def _told(deliveries: Sequence[Delivery], event: Event) -> Iterator[Entry]:
    """One line for all that were told of an event; when the last of them was."""
    of_event = [each for each in deliveries if each.event == event]
    sent = [each for each in of_event if each.state == DeliveryState.SENT and each.sent_at is not None]
    if not sent:
        return
    at = max(each.sent_at for each in sent if each.sent_at is not None)
    told = f"sent to {len(sent)} of {plural(len(of_event), 'channel')}."
    more = " · ".join(f"{each.recipient} {_delay(each)}" for each in sent)
    yield Entry(at, _SENT[event], told, icon="alerts", more=more)


def _delay(delivery: Delivery) -> str:
    """After how long it was sent, and at which try."""
    after = length((delivery.sent_at or delivery.inserted_at) - delivery.inserted_at)
    return after if delivery.attempts <= 1 else f"{after}, try {delivery.attempts}"
