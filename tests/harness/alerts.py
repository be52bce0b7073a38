"""The account of alerts: every channel hears of every incident, and a double is known by its id.

The rule: what is committed is told of at least once. It comes again, under the same id, only where nobody
could write down that it was taken: the sender was killed, or the database away. Then its lease has to run
out first, and of a channel there are two under way at most.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, text

from emeter_core.alerts import Event
from harness.receiver import Hook

AT_ONCE = 2
"""Deliveries of a channel that are under way at once: what one trouble can have sent twice, at most."""

SETTLED = """
SELECT count(*) FROM deliveries
WHERE state = 'pending' AND inserted_at <= :until AND (channel = 'webhook' OR attempts = 0)
"""

SETTLED_WITHIN = 90.0
"""Seconds: the lease of a sender that was killed in the middle, and the time to look and send."""

_NOT_BEFORE = 40.0
"""Seconds until the same may come again: the lease of 60 s, less the longest time that sending takes."""

_CHANNELS = "SELECT kind FROM channels WHERE enabled ORDER BY kind"
_INCIDENTS = "SELECT public_id::text, resolved_at IS NOT NULL FROM incidents"
_DELIVERIES = """
SELECT d.id::text, i.public_id::text, d.event, d.channel, d.state, d.attempts, d.inserted_at
FROM deliveries d JOIN incidents i ON i.id = d.incident_id ORDER BY d.inserted_at
"""
_ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)


class Sent(NamedTuple):
    """A delivery, as the outbox has it; `incident` by its public id."""

    id: str
    incident: str
    event: str
    channel: str
    state: str
    attempts: int
    inserted_at: datetime


@dataclass(frozen=True)
class Outbox:
    """All that the database says of incidents and of who was told."""

    channels: list[str]
    incidents: dict[str, bool]
    """By public id: whether it is over."""
    deliveries: list[Sent]


def read_outbox(engine: Engine) -> Outbox:
    """Read it at one instant."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        channels = list(connection.execute(text(_CHANNELS)).scalars())
        incidents = {public_id: is_over for public_id, is_over in connection.execute(text(_INCIDENTS))}  # noqa: C416 - rows are no pairs to mypy
        deliveries = [Sent(*row) for row in connection.execute(text(_DELIVERIES))]
    return Outbox(channels, incidents, deliveries)


def mails_in(directory: Path) -> list[str]:
    """The ids of the deliveries that were written into a directory of mails."""
    found = (_ID.search(file.read_bytes()) for file in directory.glob("*.eml"))
    return [match[1].decode() for match in found if match]


def account_for_outbox(outbox: Outbox, until: datetime) -> list[str]:
    """Everything that is wrong with what was to be told: a row for each event of each incident and channel.

    What was written up to `until` has been sent. A mail may wait where it was tried, as on a full disk.
    """
    there = Counter((each.incident, each.event, each.channel) for each in outbox.deliveries)
    wanted = {
        (incident, event, channel)
        for incident, is_over in outbox.incidents.items()
        for event in ((Event.OPENED, Event.RESOLVED) if is_over else (Event.OPENED,))
        for channel in outbox.channels
    }
    return [
        *(f"{_say(*each)} is in the outbox {there[each]} times" for each in wanted if there[each] != 1),
        *(f"{_say(*each)} is in the outbox, and nothing led to it" for each in there if each not in wanted),
        *(
            f"{_say(each.incident, each.event, each.channel)} is {each.state} after {each.attempts} attempts"
            for each in outbox.deliveries
            if each.inserted_at <= until and not _is_settled(each)
        ),
    ]


def explain_mails(outbox: Outbox, mails: Iterable[str], troubles: int) -> list[str]:
    """Everything that is wrong with the mails that were written, looked up after the outbox was read."""
    came = Counter(mails)
    doubles = came.total() - len(came)
    return [
        *(
            f"{_say(each.incident, each.event, each.channel)} was sent, and no mail is there"
            for each in outbox.deliveries
            if each.channel == "mail" and each.state == "sent" and not came[each.id]
        ),
        *([f"{doubles} mails came twice"] if doubles > AT_ONCE * troubles else []),
    ]


def explain_hooks(
    outbox: Outbox, before: Sequence[Hook], after: Sequence[Hook], troubles: int
) -> tuple[list[str], int]:
    """Everything that is wrong with the webhooks that came, and how many were doubles.

    `before` came before the outbox was read, `after` are all that have come since, too. `troubles` may each
    have kept a sender from writing down what it had sent.
    """
    sent = {each.id: each for each in outbox.deliveries if each.channel == "webhook"}
    problems = [
        f"a webhook told of {event} of {incident}, and no delivery has its id"
        for key, event, incident, _ in map(_read, before)
        if key not in sent or (sent[key].event, sent[key].incident) != (event, incident)
    ]
    came: dict[str, list[float]] = defaultdict(list)
    for key, _, _, at in map(_read, after):
        came[key].append(at)
    problems += [
        f"{_say(each.incident, each.event, each.channel)} was sent, and did not come"
        for each in sent.values()
        if each.state == "sent" and each.id not in came
    ]
    problems += [
        f"webhook {key} came again after {later - earlier:.1f} s"
        for key, times in came.items()
        for earlier, later in pairwise(times)
        if later - earlier < _NOT_BEFORE
    ]
    doubles = sum(map(len, came.values())) - len(came)
    if doubles > AT_ONCE * troubles:
        problems.append(f"{doubles} webhooks came twice, after {troubles} troubles")
    return problems + _out_of_order(after), doubles


def _out_of_order(hooks: Sequence[Hook]) -> list[str]:
    """Incidents whose end was told of before their beginning."""
    begun, problems = set(), []
    for _, event, incident, _ in map(_read, hooks):
        if event == Event.OPENED:
            begun.add(incident)
        elif incident not in begun:
            problems.append(f"the end of {incident} was told of before its beginning")
    return problems


def _is_settled(delivery: Sent) -> bool:
    waits = delivery.channel == "mail" and delivery.state == "pending" and delivery.attempts > 0
    return delivery.state == "sent" or waits


def _read(hook: Hook) -> tuple[str, str, str, float]:
    body = json.loads(hook.body)
    return hook.headers["webhook-id"], body["type"], body["data"]["incident"]["id"], hook.at


def _say(incident: str, event: str, channel: str) -> str:
    return f"{event} of {incident} by {channel}"
