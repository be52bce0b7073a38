"""The outbox: what must be sent is a row in the transaction that causes it.

It stands below accounts and incidents, which both write into it, and imports neither; `alerts` sends.
"""

from emeter_core.outbox.channel import Channel, ChannelKind
from emeter_core.outbox.channels import (
    add_first_channel,
    change_pending,
    readdress_channels,
    redirect_pending,
)
from emeter_core.outbox.delivery import Delivery, DeliveryState, Event
from emeter_core.outbox.enqueue import enqueue_incidents, enqueue_mail, seal_mail

__all__ = [
    "Channel",
    "ChannelKind",
    "Delivery",
    "DeliveryState",
    "Event",
    "add_first_channel",
    "change_pending",
    "enqueue_incidents",
    "enqueue_mail",
    "readdress_channels",
    "redirect_pending",
    "seal_mail",
]
