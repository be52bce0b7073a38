"""From a mail to a message as RFC 5322 has it. Pure: the sender hands in the date."""

import re
import uuid
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from emeter_core.errors import Invalid
from emeter_core.mail.mail import Mail

_MAX_SUBJECT = 200
# As accounts.md takes them (part 1, section 5), but with a domain that cannot be mistaken for anything else.
_ADDRESS = re.compile(r"(?P<local>[^@,;\s]+)@(?P<domain>[^@,;:\s()<>\[\]\\\"]+)")
# What JSON, PostgreSQL and our templates may carry, and a text in a mail should not.
_UNPRINTED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def message_of(mail: Mail, *, sender: str, message_id: uuid.UUID, date: datetime) -> EmailMessage:
    """The message of a mail: plain text, and HTML beside it where the mail has some.

    `sender` is an address, with or without a name; `message_id` is the id of the delivery: a mail that is
    sent again is recognised by it. Raises Invalid where the recipient is no single address.
    """
    name, address = parseaddr(sender)
    domain = address.rpartition("@")[2]
    # Names of people may be of any script; of an address that is not ASCII every relay must know SMTPUTF8.
    rules = policy.SMTP if (mail.to + address).isascii() else policy.SMTPUTF8
    message = EmailMessage(rules)
    message["From"] = Address(display_name=name, addr_spec=address)
    message["To"] = _one_address(mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = _id(message_id, domain)
    if mail.follows is not None:
        message["In-Reply-To"] = message["References"] = _id(mail.follows, domain)
    # Nobody's absence note answers an alert.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_UNPRINTED.sub("\N{REPLACEMENT CHARACTER}", mail.text))
    if mail.html:
        message.add_alternative(_UNPRINTED.sub("\N{REPLACEMENT CHARACTER}", mail.html), subtype="html")
    return message


def one_line(text: str) -> str:
    """Text as a header may hold it: no line break of any kind, no control character, of a bounded length."""
    line = " ".join(_UNPRINTED.sub(" ", text).split())
    return line if len(line) <= _MAX_SUBJECT else line[: _MAX_SUBJECT - 1] + "…"


def _one_address(to: str) -> Address:
    """The recipient; the part before the @ may be anything, and is quoted where it must be."""
    found = _ADDRESS.fullmatch(to)
    if found is None or not to.isprintable():
        raise Invalid({"email": ["is not one mail address"]})
    return Address(username=found["local"], domain=found["domain"])


def _id(delivery_id: uuid.UUID, domain: str) -> str:
    return f"<{delivery_id}@{domain or 'localhost'}>"
