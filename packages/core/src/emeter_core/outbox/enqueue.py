"""Into the outbox: what must be sent is written in the transaction that causes it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.mail import Mail
from emeter_core.outbox.channel import ChannelKind
from emeter_core.outbox.delivery import Delivery, DeliveryState, Event
from emeter_core.vault import Vault

if TYPE_CHECKING:  # accounts write into the outbox, so at run time they cannot be imported from here
    from emeter_core.accounts.user import User

MAIL_PURPOSE = "mail"

# Key share: a channel that is removed at this moment is waited for, and then left out, not referred to.
_ENQUEUE = """
INSERT INTO deliveries
  (id, team_id, incident_id, channel_id, event, channel, recipient, state, next_attempt_at, inserted_at)
SELECT gen_random_uuid(), c.team_id, {incident_id}, c.id, :event, c.kind, c.target, 'pending', :now, :now
FROM {origin} AND c.enabled
FOR KEY SHARE OF c
ON CONFLICT DO NOTHING
"""

_FIRST = text(
    _ENQUEUE.format(
        incident_id="i.id",
        origin="incidents i JOIN channels c ON c.team_id = i.team_id"
        " WHERE i.id = ANY (CAST(:incident_ids AS bigint[]))",
    )
)

# Who never heard of an incident does not hear that it is over.
_LATER = text(
    _ENQUEUE.format(
        incident_id="o.incident_id",
        origin="deliveries o JOIN channels c ON c.id = o.channel_id"
        " WHERE o.incident_id = ANY (CAST(:incident_ids AS bigint[]))"
        " AND o.event = 'incident.opened' AND o.state <> 'failed'",
    )
)


def enqueue_incidents(
    session: Session, event: Event, incident_ids: Collection[int], *, now: datetime
) -> None:
    """Tell the channels of the teams: one statement, however many incidents and channels there are.

    All but `incident.opened` goes to those alone who were told that the incident began, or are about to be.
    """
    if not incident_ids:
        return
    ids = "{" + ",".join(map(str, incident_ids)) + "}"
    statement = _FIRST if event is Event.OPENED else _LATER
    session.execute(statement, {"event": event.value, "incident_ids": ids, "now": now})


def enqueue_mail(
    session: Session, user: User | None, mail: Mail, event: str, *, vault: Vault, now: datetime
) -> Delivery:
    """Send a user a mail about their account; `event` is like `account.confirmation`.

    What waits to be sent goes with the user; `account.deleted` alone has none. The mail is encrypted,
    since it carries a link that logs in or changes something, and erased once sent.
    """
    delivery = Delivery(
        user_id=user.id if user else None,
        event=event,
        channel=ChannelKind.MAIL.value,
        recipient=mail.to,
        body=seal_mail(mail, vault),
        state=DeliveryState.PENDING.value,
        next_attempt_at=now,
        inserted_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


def seal_mail(mail: Mail, vault: Vault) -> bytes:
    """Encrypt a mail as it lies in the outbox."""
    body = {name: value for name, value in asdict(mail).items() if name != "follows"}
    return vault.seal(MAIL_PURPOSE, json.dumps(body).encode())
