"""The cookie by which a device is known to accounts: it opens nothing, but it keeps a way to the door.

As OWASP's "device cookies": whoever guesses at an account from devices that are not known to it uses up a
count that they share; a known device has one of its own. So nobody can be locked out from afar, and a cookie
that is stolen gives ten tries more. All known devices of one account have a bound together, too, for whoever
has an account may make as many of them as they like (`LOG_INS` in limits.py).

It is written at each log-in, at registration, and when a password was reset by mail; it survives log-out. A
browser keeps one entry for each account, of a few accounts. An entry holds the user's id, a random name of
the device, and a digest of the password's hash: with another password every device but the one that set it
is unknown, so that whoever had the old one has no count of their own any more.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, current_app, g, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.wrappers import Response

from emeter_core.accounts import User, get_user_by_email
from emeter_core.vault import Vault
from emeter_web import db
from emeter_web.session_cookie import put_cookie

KNOWN_DEVICES = "_e_meter_web_known_devices"
KNOWN_FOR = timedelta(days=180)
# A family at one computer. The last who logged in are kept.
_MOST = 6
_BETWEEN = "~"
_PART = 16
_EXTENSION = "emeter_known_devices"


@dataclass(frozen=True, slots=True)
class _Entry:
    """That a device is known to an account; `signed` is how the cookie says it."""

    user_id: bytes
    device: bytes
    mark: bytes
    signed: str

    def is_of(self, user: User) -> bool:
        return self.user_id == user.id.bytes and self.mark == _mark(user)


@dataclass(frozen=True, slots=True)
class _Cookie:
    name: str
    signer: TimestampSigner


def register(app: Flask, vault: Vault, *, is_https: bool) -> None:
    """Sign with a key of this purpose alone; on https the cookie is bound to this very host."""
    prefix = "__Host-" if is_https else ""
    # The last one signs, and all are tried.
    signer = TimestampSigner(vault.keys("known devices")[::-1], salt=KNOWN_DEVICES)
    app.extensions[_EXTENSION] = _Cookie(prefix + KNOWN_DEVICES, signer)


def known_device() -> str:
    """What this device is called, where it is known to the account whose e-mail was typed; else nothing."""
    if "known_device" not in g:
        g.known_device = _find(request.form.get("email", ""))
    found: str = g.known_device
    return found


def remember_device(response: Response, user: User) -> None:
    """Have this device be known to the user's account for 180 days more, by the name that it has."""
    device = next((entry.device for entry in _entries() if entry.is_of(user)), None)
    newest = _sign(user, device or secrets.token_bytes(_PART))
    value = _BETWEEN.join([newest, *_others(user)][:_MOST])
    put_cookie(response, _cookie().name, value, max_age=KNOWN_FOR)


def forget_account(response: Response, user: User) -> None:
    """Have this device not be known to the user's account any more; to others it stays known."""
    others = _others(user)
    put_cookie(response, _cookie().name, _BETWEEN.join(others), max_age=KNOWN_FOR if others else timedelta(0))


def _find(email: str) -> str:
    entries = list(_entries())
    if not entries:
        return ""  # Whoever has no cookie does not even cost a question to the database.
    user = get_user_by_email(db.session(), email)
    db.pause_transaction()
    return next((entry.device.hex() for entry in entries if user and entry.is_of(user)), "")


def _others(user: User) -> list[str]:
    """The entries of all accounts but this one."""
    return [entry.signed for entry in _entries() if entry.user_id != user.id.bytes]


def _entries() -> Iterator[_Entry]:
    """What the cookie says and we signed, newest first."""
    cookie = _cookie()
    for signed in request.cookies.get(cookie.name, "").split(_BETWEEN)[:_MOST]:
        try:
            value = cookie.signer.unsign(signed, max_age=int(KNOWN_FOR.total_seconds()))
            said = base64.b64decode(value, altchars=b"-_", validate=True)
        except (BadSignature, binascii.Error):
            continue
        yield _Entry(said[:_PART], said[_PART : 2 * _PART], said[2 * _PART :], signed)


def _sign(user: User, device: bytes) -> str:
    said = base64.urlsafe_b64encode(user.id.bytes + device + _mark(user))
    return _cookie().signer.sign(said).decode("ascii")


def _mark(user: User) -> bytes:
    """Tells this password from the next one; of a hash with its salt nobody learns anything by it."""
    return hashlib.sha256(user.hashed_password.encode()).digest()[:_PART]


def _cookie() -> _Cookie:
    found: _Cookie = current_app.extensions[_EXTENSION]
    return found
