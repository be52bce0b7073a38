"""The two cookies: the session, and the one that remembers it when the browser is closed.

The session is Flask's signed cookie. It holds the raw session token, the flash, the CSRF token, where to go
after the log-in; only the token grants anything, and only as long as its row lives (accounts.md, part 1).
"""

import base64
import binascii
from datetime import timedelta

from flask import Flask, Response, current_app, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.wrappers import Response as AnyResponse

from emeter_core.vault import Vault

SESSION = "_e_meter_web_key"
REMEMBER_ME = "_e_meter_web_user_remember_me"
REMEMBERED_FOR = timedelta(days=60)
_FLASHES = "_flashes"


class SessionCookie(SecureCookieSessionInterface):
    """Flask's session; what was made out of it is kept by no cache."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie where it changed; Flask itself adds `Vary: Cookie`."""
        super().save_session(app, session, response)
        if session.accessed:
            response.headers["Cache-Control"] = "no-store"


def register(app: Flask, vault: Vault, *, is_https: bool) -> None:
    """Sign with keys of our own purpose; on https the cookies are bound to this very host."""
    prefix = "__Host-" if is_https else ""
    key, *old_keys = vault.keys("cookies")
    app.session_interface = SessionCookie()
    app.config.update(
        SECRET_KEY=key,
        SECRET_KEY_FALLBACKS=old_keys,
        SESSION_COOKIE_NAME=prefix + SESSION,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        REMEMBER_ME_COOKIE_NAME=prefix + REMEMBER_ME,
    )


def renew_session() -> None:
    """Begin a new session, so that one which was planted is worth nothing; the flash is carried over."""
    flashes = session.get(_FLASHES)
    session.clear()
    if flashes:
        session[_FLASHES] = flashes


def write_remember_me(response: AnyResponse, token: bytes) -> None:
    """Have the browser remember this session for 60 days."""
    value = _signer().sign(base64.urlsafe_b64encode(token)).decode("ascii")
    put_cookie(response, _name(), value, max_age=REMEMBERED_FOR)


def read_remember_me() -> bytes | None:
    """The session that the browser remembers; None where the cookie is missing, forged or too old."""
    value = request.cookies.get(_name(), "")
    try:
        signed = _signer().unsign(value, max_age=int(REMEMBERED_FOR.total_seconds()))
        return base64.b64decode(signed, altchars=b"-_", validate=True)
    except (BadSignature, binascii.Error):
        return None


def delete_remember_me(response: AnyResponse) -> None:
    """Have the browser forget the session."""
    put_cookie(response, _name(), "", max_age=timedelta(0))


def put_cookie(response: AnyResponse, name: str, value: str, *, max_age: timedelta) -> None:
    """Set a cookie as all of ours are: for no script, for no other site, on https for no http."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    expires = 0 if not max_age else None
    response.set_cookie(
        name, value, max_age=max_age, expires=expires, secure=secure, httponly=True, samesite="Lax"
    )


def _name() -> str:
    name: str = current_app.config["REMEMBER_ME_COOKIE_NAME"]
    return name


def _signer() -> TimestampSigner:
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return TimestampSigner(keys, salt=f"{REMEMBER_ME}_cookie")
