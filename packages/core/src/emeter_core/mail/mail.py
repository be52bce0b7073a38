"""A mail, before it has a sender and a date."""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """Who is told what. `html` may be left out; `follows` is the delivery that this one is a follow-up of."""

    to: str
    subject: str
    text: str
    html: str = ""
    follows: uuid.UUID | None = None
