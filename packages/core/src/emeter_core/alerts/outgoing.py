"""What the sender puts on the wire."""

import uuid
from dataclasses import dataclass, field

from emeter_core.mail.mail import Mail


@dataclass(frozen=True, slots=True)
class MailOut:
    """A mail to send. `id` is that of the delivery: it makes the Message-ID, the same for every attempt."""

    id: uuid.UUID
    mail: Mail


@dataclass(frozen=True, slots=True)
class WebhookOut:
    """A POST to send, as Standard Webhooks has it.

    `id` is that of the delivery, the same for every attempt; `timestamp` is that of this attempt, in seconds
    since 1970; `body` is what is signed and sent, byte for byte. `secret` begins with `whsec_`.
    """

    id: uuid.UUID
    url: str
    secret: str = field(repr=False)
    timestamp: int
    body: bytes
