"""An incident in a sentence, and what happened in it, newest first. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from emeter_core.alerts import Delivery, DeliveryState, Event
from emeter_core.characters import isolated
from emeter_core.incidents import Incident, Resolution
from emeter_core.monitors import Monitor, cause_of
from emeter_web.formats import length, plural

_SENT = {Event.OPENED: "Alarm", Event.ACKNOWLEDGED: "Acknowledgement", Event.RESOLVED: "All-clear"}


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
    name = isolated(incident.title)
    if incident.resolved_at is None:
        return f"{name} is down"
    if incident.resolution == Resolution.DELETED:
        return f"{name} was deleted while it was down"
    return f"{name} was down"


def cause(incident: Incident, monitor: Monitor | None) -> str:
    """Why it began, as mails and webhooks say it; without a full stop."""
    return cause_of(monitor, incident.cause, incident.evidence)


def failures(down_after: int) -> str:
    """What made it down: `3 failures in a row`, `1 failure`."""
    return plural(down_after, "failure") + (" in a row" if down_after > 1 else "")


def in_hand(acknowledged_at: datetime | None, taken_by: str) -> str:
    """Who is on it: `mara@example.com is on it`, `nobody has acknowledged`."""
    if acknowledged_at is None:
        return "nobody has acknowledged"
    return f"{isolated(taken_by or 'somebody')} is on it"


def told_of_opening(deliveries: Sequence[Delivery], recipient: Callable[[str, str], str]) -> str:
    """Who was told that it began, and who was not: `Told: mara@example.com. Not yet: hooks.example.com.`."""
    opened = [each for each in deliveries if each.event == Event.OPENED]
    if not opened:
        return "Nobody had to be told."
    heads = {DeliveryState.SENT: "Told", DeliveryState.PENDING: "Not yet", DeliveryState.FAILED: "Not told"}
    groups = {
        word: [isolated(recipient(each.channel, each.recipient)) for each in opened if each.state == state]
        for state, word in heads.items()
    }
    return " ".join(f"{word}: {', '.join(names)}." for word, names in groups.items() if names)


def timeline(
    incident: Incident,
    monitor: Monitor | None,
    taken_by: str,
    deliveries: Sequence[Delivery],
    recipient: Callable[[str, str], str],
) -> list[Entry]:
    """What happened, newest first; of two things at one instant the one that follows from the other.

    `recipient` says of a kind of channel and its target where that is.
    """
    entries = [
        *_beginning(incident, monitor),
        *_told(deliveries, Event.OPENED, recipient),
        *_taken(incident, taken_by),
        *_told(deliveries, Event.ACKNOWLEDGED, recipient),
        *_end(incident),
        *_told(deliveries, Event.RESOLVED, recipient),
    ]
    # Turned round, for a stable sort keeps the order of what is equal.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _beginning(incident: Incident, monitor: Monitor | None) -> Iterator[Entry]:
    yield Entry(incident.started_at, "First failure.", f"{cause(incident, monitor)}.", status="degraded")
    told = f"{failures(monitor.down_after)}." if monitor is not None and monitor.down_after > 1 else ""
    yield Entry(incident.confirmed_at, "Confirmed down.", told, status="down")


def _taken(incident: Incident, taken_by: str) -> Iterator[Entry]:
    if incident.acknowledged_at is not None:
        yield Entry(incident.acknowledged_at, isolated(taken_by) or "Somebody", "acknowledged.", icon="check")


def _end(incident: Incident) -> Iterator[Entry]:
    if incident.resolved_at is None:
        return
    if incident.resolution == Resolution.DELETED:
        yield Entry(incident.resolved_at, "Deleted.", "Nobody wants to know any more.", icon="trash")
    else:
        yield Entry(
            incident.resolved_at, "Up again.", "The first good check of those that ended it.", status="up"
        )


def _told(
    deliveries: Sequence[Delivery], event: Event, recipient: Callable[[str, str], str]
) -> Iterator[Entry]:
    """One line for all that were told of an event; when the last of them was."""
    of_event = [each for each in deliveries if each.event == event]
    sent = [each for each in of_event if each.state == DeliveryState.SENT and each.sent_at is not None]
    if not sent:
        return
    at = max(each.sent_at for each in sent if each.sent_at is not None)
    told = f"sent to {len(sent)} of {plural(len(of_event), 'channel')}."
    more = " · ".join(f"{recipient(each.channel, each.recipient)} {_delay(each)}" for each in sent)
    yield Entry(at, _SENT[event], told, icon="alerts", more=more)


def _delay(delivery: Delivery) -> str:
    """After how long it was sent, and at which try."""
    after = length((delivery.sent_at or delivery.inserted_at) - delivery.inserted_at)
    return after if delivery.attempts <= 1 else f"{after}, try {delivery.attempts}"
