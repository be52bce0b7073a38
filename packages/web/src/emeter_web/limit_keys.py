"""Whose tries count together."""

import hashlib
import hmac
import re
import unicodedata
from ipaddress import IPv6Address

from flask import g, request

from emeter_core.alerts import ChannelKind
from emeter_web import db
from emeter_web.known_device import known_device
from emeter_web.proxies import client_address

# Of an IPv6 address, what a household or an office has to itself.
_NETWORK_BITS = 64
# No account has a longer e-mail.
_MAX_EMAIL = 255
_DOTLESS_I = "\N{LATIN SMALL LETTER DOTLESS I}"
_NOT_ASCII, _OTHER = re.compile(r"[^\x00-\x7f]"), "\N{REPLACEMENT CHARACTER}"


def token() -> str:
    """The heartbeat whose token is in the URL; Redis learns no token."""
    given = str((request.view_args or {}).get("token", ""))
    return hashlib.sha256(given.encode("utf-8", errors="surrogatepass")).hexdigest()


def everybody() -> str:
    """All who ask."""
    return "everybody"


def address() -> str:
    """Who asks, by their address."""
    client = client_address()
    if isinstance(client, IPv6Address):
        return f"{int(client) >> (128 - _NETWORK_BITS):x}/{_NETWORK_BITS}"
    return str(client or "unknown")


def account() -> str:
    """The account whose e-mail is typed, be there one or not; Redis learns no e-mail."""
    return _sealed(_typed())


def mailbox() -> str:
    """Where mail to the e-mail that is typed arrives: with most providers, whatever stands after a plus."""
    name, at, host = _typed().rpartition("@")
    return _sealed(f"{name.partition('+')[0]}{at}{host}")


def address_and_account() -> str:
    """Who asks, by their address, and the account whose e-mail they type."""
    return f"{address()} {account()}"


def user() -> str:
    """The account in which who asks is signed in."""
    return str(g.current_user.id)


def team() -> str:
    """The team that the request is about."""
    return str(g.scope.team.id)


def device() -> str:
    """The device, where it is known to the account whose e-mail is typed."""
    return known_device()


def is_known_device() -> bool:
    """Whether it is."""
    return bool(known_device())


def is_unknown_device() -> bool:
    """Whether it is not."""
    return not known_device()


def mails_nobody() -> bool:
    """Whether the form of settings is not the one that sends a mail."""
    return request.form.get("action") != "update_email"


def tests_no_mail() -> bool:
    """Whether it is not a channel of mail that is tested."""
    return (request.view_args or {}).get("kind") != ChannelKind.MAIL


def fold(email: str) -> str:
    """The e-mail without case and accents, and with one sign for all letters that ASCII has not.

    Whatever spellings the database takes for one e-mail, by any collation and any edition of Unicode, are one
    here: `İ` is an `i` to some, and each other spelling of an account would give as many tries more. That a
    few e-mails of different people are one, too, costs them a shared count, and no more.
    """
    letters = unicodedata.normalize("NFKD", email.strip().replace(_DOTLESS_I, "i"))
    plain = "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")
    return _NOT_ASCII.sub(_OTHER, plain.casefold())


def _typed() -> str:
    return fold(request.form.get("email", "")[:_MAX_EMAIL])


def _sealed(email: str) -> str:
    key = db.vault().keys("limits")[0]
    return hmac.new(key, email.encode(), hashlib.sha256).hexdigest()
