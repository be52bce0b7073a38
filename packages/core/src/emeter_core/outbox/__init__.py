"""The outbox: what must be sent is a row in the transaction that causes it.

It stands below accounts and incidents, which both write into it, and imports neither; `alerts` sends.
"""

from emeter_core.outbox.channel import Channel, ChannelKind
from emeter_core.outbox.delivery import Delivery, DeliveryState, Event
from emeter_core.outbox.enqueue import add_first_channel, enqueue_incidents, enqueue_mail

__all__ = [
    "Channel",
    "ChannelKind",
    "Delivery",
    "DeliveryState",
    "Event",
    "add_first_channel",
    "enqueue_incidents",
    "enqueue_mail",
]
