"""Who asks, and who may: the guards of the router, log-in and log-out (accounts.md, section 6)."""

from urllib.parse import quote

from flask import Flask, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin
from werkzeug.wrappers import Response

from emeter_core.accounts import (
    Permission,
    TeamOf,
    User,
    delete_session_token,
    ensure_team,
    generate_user_session_token,
    get_signed_in,
    get_user_by_session_token,
    touch_session,
)
from emeter_core.errors import NotFound
from emeter_core.scope import Scope
from emeter_web import db, errors
from emeter_web.flashes import put_flash
from emeter_web.known_device import remember_device
from emeter_web.paths import HOME, is_local
from emeter_web.proxies import client_address
from emeter_web.session_cookie import delete_remember_me, read_remember_me, renew_session, write_remember_me

TOKEN, RETURN_TO = "user_token", "user_return_to"
# A longer one would not leave enough of the 4 KiB that browsers give a cookie.
_MAX_PATH = 1024


class LoggedIn(UserMixin):  # type: ignore[misc]  # flask-login ships no types
    """The user of this request, as flask-login wants to see them."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.id = user.id
        self.email = user.email


def register(app: Flask) -> None:
    """Have flask-login's `current_user` be ours. Its cookies, messages and `?next=` stay unused."""
    # No browser can send this name: else a cookie `remember_token` of another Flask application on the
    # same host would keep flask-login from asking us.
    app.config.update(REMEMBER_COOKIE_NAME="not used; see session_cookie.py", SESSION_PROTECTION=None)
    manager = LoginManager()
    manager.request_loader(lambda _request: LoggedIn(g.current_user) if g.get("current_user") else None)
    manager.unauthorized_handler(_ask_to_log_in)
    app.jinja_env.globals["may"] = may
    # Not by `init_app`: it would look after a cookie of its own, too, and read every request's session.
    app.login_manager = manager  # type: ignore[attr-defined]  # where flask-login looks for it


def capability() -> None:
    """Guard of what needs no user: the URL is the proof. No cookie is read, no CSRF token asked."""


def public() -> None:
    """Guard of pages for everybody; who is signed in is known on them."""


def redirect_if_user_is_authenticated() -> ResponseReturnValue | None:
    """Guard of pages for those who are not signed in: the others are sent home."""
    return redirect(HOME) if g.current_user else None


def require_authenticated_user() -> ResponseReturnValue | None:
    """Guard of pages for those who are signed in: the others log in, and come back by GET."""
    return None if g.current_user else _ask_to_log_in()


def require_permission(permission: Permission) -> ResponseReturnValue | None:
    """Guard of what not every member may do, asked after `require_authenticated_user`.

    Raises NotFound where the request is about another team's: a stranger hears the same of what is there
    and of what is not, whatever they may do at home.
    """
    if g.is_stranger:
        raise NotFound("There is no such thing in a team of this user.")
    return None if g.scope.may(permission) else errors.refuse_role(g.scope.role)


def may(permission: str) -> bool:
    """Whether who asks may do this in the team of this page: for templates, which offer nothing else."""
    scope: Scope | None = g.get("scope")
    return scope is not None and scope.may(Permission(permission))


def fetch_current_user(team_of: TeamOf | None = None) -> None:
    """Find out who asks: `g.current_user` and `g.scope`, both None for nobody.

    The scope is that of the team for which `team_of` asks, else of the oldest of theirs; `g.is_stranger`
    says that it was to be one they are no member of.
    """
    g.current_user, g.scope, g.is_stranger = None, None, False
    token = current_token()
    if token is None:
        return
    found = get_signed_in(db.session(), token, now=db.now(), team_of=team_of)
    if found is not None:
        g.current_user, g.scope, g.is_stranger = found.scope.user, found.scope, found.is_stranger
        if found.is_unnoticed:
            touch_session(db.session(), token, now=db.now())
            db.pause_transaction()


def current_token() -> bytes | None:
    """The session token of this browser: out of the session, or else out of the remember-me cookie.

    A dead one in the session hides the cookie, which holds the same or an older one.
    """
    if TOKEN not in session and (remembered := read_remember_me()) is not None:
        session[TOKEN] = remembered
    token = session.get(TOKEN)
    return token if isinstance(token, bytes) else None


def is_remembered() -> bool:
    """Whether the browser remembers a session beyond a restart: this one, an older one, or one that ended.

    A living one of somebody else is theirs: by their cookie nobody else is remembered.
    """
    token = read_remember_me()
    owner = get_user_by_session_token(db.session(), token, now=db.now()) if token else None
    return token is not None and (owner is None or owner.id == g.current_user.id)


def log_in_user(user: User, *, remember_me: bool = False, return_to: str = "") -> Response:
    """Begin a session of this user in this browser, which is known to them then, and lead on.

    Raises NotFound where the user changed since they were read.
    """
    address = client_address()
    ensure_team(db.session(), user, now=db.now())
    token = generate_user_session_token(
        db.session(),
        user,
        device=request.headers.get("User-Agent", ""),
        address=str(address) if address else None,
        now=db.now(),
    )
    path = return_to or session.get(RETURN_TO, HOME)
    renew_session()
    session[TOKEN] = token
    response = redirect(path if is_local(path) else HOME)
    remember_device(response, user)
    if remember_me:
        write_remember_me(response, token)
    return response


def log_out_user() -> Response:
    """End this browser's session, on the server too; nothing to end is no error."""
    token = current_token()
    if token is not None:
        delete_session_token(db.session(), token)
    renew_session()
    response = redirect(HOME)
    delete_remember_me(response)
    return response


def _ask_to_log_in() -> Response:
    put_flash("error", "You must log in to access this page.")
    if request.method in {"GET", "HEAD"}:
        session[RETURN_TO] = _path_of_request()
    return redirect(url_for("sessions.new"))


def _path_of_request() -> str:
    query = request.query_string.decode("latin-1")
    path = quote(request.path) + (f"?{query}" if query else "")
    return path if is_local(path) and len(path) <= _MAX_PATH else HOME
