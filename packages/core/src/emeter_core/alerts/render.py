"""From a claimed delivery to what is put on the wire, as things are at this moment."""

import json
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.alerts.channels import open_secret
from emeter_core.alerts.claim import Claimed
from emeter_core.alerts.facts import Facts, look_up
from emeter_core.alerts.incident_mail import incident_mail
from emeter_core.alerts.outgoing import MailOut, WebhookOut
from emeter_core.alerts.payload import envelope, incident_payload
from emeter_core.errors import NotFound
from emeter_core.mail.mail import Mail
from emeter_core.mail.templates import render_text
from emeter_core.outbox.channel import Channel, ChannelKind
from emeter_core.outbox.delivery import Delivery, DeliveryState
from emeter_core.outbox.enqueue import MAIL_PURPOSE
from emeter_core.vault import Vault


def render(
    session: Session, claimed: Claimed, *, vault: Vault, base_url: str, now: datetime
) -> MailOut | WebhookOut:
    """What is to be sent for a claim. Close the transaction before it is.

    Raises NotFound where there is nothing to send any more: settled by another sender, given up with its
    channel, or gone with its team. Raises UserError where a secret cannot be read with our key.
    """
    delivery = session.scalars(
        select(Delivery)
        .where(
            Delivery.id == claimed.id,
            Delivery.token == claimed.token,
            Delivery.state == DeliveryState.PENDING,
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if delivery is None:
        raise NotFound("This delivery is no longer to be sent.")
    if delivery.body is not None:
        return MailOut(delivery.id, Mail(**json.loads(vault.open(MAIL_PURPOSE, delivery.body))))
    facts = look_up(session, delivery, base_url=base_url)
    if delivery.channel == ChannelKind.MAIL:
        return MailOut(delivery.id, incident_mail(facts))
    return _webhook(session, delivery, facts, vault, now)


def render_test(
    kind: ChannelKind | str, target: str, secret: str, *, test_id: uuid.UUID, base_url: str, now: datetime
) -> MailOut | WebhookOut:
    """What a test of a channel sends; the same way as an alert, so that it proves something."""
    if kind == ChannelKind.MAIL:
        values = {"settings": f"{base_url}/alerts", "to": target}
        text, html = (render_text(__package__, f"channel_test.{part}", **values) for part in ("txt", "html"))
        return MailOut(test_id, Mail(target, "Test: alerts reach this address", text, html))
    body = envelope("channel.test", now, {"url": f"{base_url}/alerts"})
    return WebhookOut(test_id, target, secret, int(now.timestamp()), body)


def _webhook(session: Session, delivery: Delivery, facts: Facts, vault: Vault, now: datetime) -> WebhookOut:
    channel = session.scalars(select(Channel).where(Channel.id == delivery.channel_id)).one_or_none()
    if channel is None:
        raise NotFound("The channel was removed.")
    return WebhookOut(
        delivery.id,
        delivery.recipient,
        open_secret(channel, vault),
        int(now.timestamp()),
        incident_payload(facts),
    )
