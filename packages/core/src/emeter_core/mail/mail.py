"""A mail, before it has a sender and a date."""

import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """Who is told what. `html` may be left out; `follows` is the delivery that this one is a follow-up of.

    No `repr`, and so no log, shows what it says: that may be a link which logs in.
    """

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    follows: uuid.UUID | None = None
