"""How each kind of channel is reached: one entry in a dict each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emeter_checker.delivery.mail import Postman
from emeter_checker.delivery.results import Receipt
from emeter_checker.delivery.smtp import MailServer
from emeter_checker.delivery.webhook import post
from emeter_checker.guard import AddressGuard
from emeter_core.alerts import ChannelKind
from emeter_storage.engine import DatabaseClock

Carrier = Callable[[Any], Receipt]
"""Sends what core renders for one kind of channel; raises DeliveryError where it was not taken."""

Carriers = Mapping[ChannelKind, Carrier]


def carriers(
    *, smtp_url: str, mail_from: str, mail_directory: Path, guard: AddressGuard, clock: DatabaseClock
) -> Carriers:
    """The carriers of this installation: without `smtp_url` mails become files in `mail_directory`."""
    server = MailServer.of(smtp_url) if smtp_url else None
    postman = Postman(server, directory=mail_directory, sender=mail_from, clock=clock)
    return {
        ChannelKind.MAIL: postman.send,
        ChannelKind.WEBHOOK: lambda message: post(message, guard),
    }
