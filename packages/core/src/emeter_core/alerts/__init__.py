"""Alerts: the channels of a team, and how what waits in the outbox is claimed, rendered and marked."""

from emeter_core.alerts.channel_draft import ChannelDraft, draft_channel
from emeter_core.alerts.channels import (
    list_channels,
    open_secret,
    remove_channel,
    rotate_secret,
    save_channel,
)
from emeter_core.alerts.claim import Claimed, claim_deliveries
from emeter_core.alerts.mark import mark_failed, mark_sent
from emeter_core.alerts.outgoing import MailOut, WebhookOut
from emeter_core.alerts.queries import Told, list_deliveries, list_told, purge
from emeter_core.alerts.render import render, render_test
from emeter_core.outbox import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Event,
    add_first_channel,
    enqueue_incidents,
    enqueue_mail,
)

__all__ = [
    "Channel",
    "ChannelDraft",
    "ChannelKind",
    "Claimed",
    "Delivery",
    "DeliveryState",
    "Event",
    "MailOut",
    "Told",
    "WebhookOut",
    "add_first_channel",
    "claim_deliveries",
    "draft_channel",
    "enqueue_incidents",
    "enqueue_mail",
    "list_channels",
    "list_deliveries",
    "list_told",
    "mark_failed",
    "mark_sent",
    "open_secret",
    "purge",
    "remove_channel",
    "render",
    "render_test",
    "rotate_secret",
    "save_channel",
]
