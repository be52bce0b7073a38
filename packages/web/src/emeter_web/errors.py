"""Errors as pages: what happened, what to do, and who is signed in. None of them asks the database.

Scripts get a line instead: see script_errors.py.
"""

import secrets
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from emeter_core.accounts import Busy, Role
from emeter_core.errors import NotFound
from emeter_core.logs import get_logger
from emeter_storage.away import first_line
from emeter_web.db import end_transaction, is_in_doubt
from emeter_web.limit_keys import address
from emeter_web.limits import LOCKS, PROVING
from emeter_web.pace import Pace
from emeter_web.script_errors import script_error
from emeter_web.tally import Tally

_CLIENT_ERROR = 400
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
RETRY_AFTER_S = 5
_log = get_logger("emeter.web")

_WORDS = {
    400: ("This request is malformed", "A part of it is missing, or cannot be read. Nothing was changed."),
    403: (
        "This was not sent from here",
        (
            "Nothing was changed. The page it came from was out of date, or another site's."
            " Go back, load the page again and repeat it."
        ),
    ),
    404: ("There is nothing here", "The address is wrong, or what was here is gone."),
    405: ("That cannot be done here", "This address does not take such a request."),
    406: ("This is a page", "The request asks for something else, and here is nothing but HTML."),
    413: ("This is too large", "At most 1 MiB can be sent at once. Nothing was changed."),
    414: ("This address is too long", "Nothing of E-Meter has such a long one."),
    417: ("This cannot be expected", "The request expects what E-Meter does not do."),
    421: (
        "E-Meter has another name",
        "Set BASE_URL to the address that people type, and let a proxy hand on the host it is asked for.",
    ),
    429: ("Too many tries", "Wait {minutes} min, then try again."),
    431: (
        "Your browser sends too much",
        "The request has too many headers, or too long ones. Mostly these are cookies: delete this site's.",
    ),
    500: (
        "Something broke",
        "It is our fault, and it was written down under the reference below. Nothing was changed.",
    ),
    503: ("Not now", "E-Meter cannot answer at the moment. Load the page again in a few seconds."),
}
_AWAY = ("The database is away", "Nothing was changed. Load the page again in a few seconds.")
_IN_DOUBT = (
    "The database is away",
    "It went while it saved this: it may be saved or not. Look in a few seconds, before you send it again.",
)
_BUSY = ("Too many are logging in", "Nothing was changed. Try again in a few seconds.")
_LOCKED = (
    "Passwords were tried for this account too often. Wait {minutes} min, then try again; or set a new"
    " password by mail, which lets this browser in at once."
)
_PROVED = (
    "The password of this account was asked for too often in its settings. Nothing was changed. Wait"
    " {minutes} min, then try again; or log out, and set a new password by mail."
)
_ROLE = "Your role does not allow this"
_OTHER = ("This does not work", "The request cannot be answered.")


@dataclass(frozen=True, slots=True)
class Refusals:
    """What all refused requests share: when they are answered, and what the log tells of them."""

    pace: Pace = field(default_factory=Pace)
    tally: Tally = field(default_factory=Tally)
    forged: Tally = field(default_factory=lambda: Tally("Requests were refused as forged"))


def register(app: Flask) -> None:
    """Answer every error with a page."""
    app.extensions["emeter_refusals"] = Refusals()
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(CSRFError, _show_forgery)
    app.register_error_handler(RateLimitExceeded, _show_limit)
    app.register_error_handler(Busy, _show_busy)
    app.register_error_handler(NotFound, lambda _error: _page(404))
    app.register_error_handler(Exception, _show_failure)


def page_of_error(code: int, words: tuple[str, str] | None = None) -> Response:
    """Say what such an error means, and what to do; `words` are title and text, if not the usual ones."""
    return _page(code, words)


def refuse_role(role: Role) -> Response:
    """Say to a member that their role is not enough, and who can help. Nothing was read for it."""
    article = "a" if role is Role.VIEWER else "an"
    return _page(403, (_ROLE, f"You are {article} {role} in this team. Ask an owner or admin."))


def show_http_error(error: HTTPException) -> Response:
    """Keep what the error tells by headers, as `Allow` of 405."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        return _show_failure(error.original_exception)
    answer = make_response(error.get_response())
    if answer.status_code >= _CLIENT_ERROR:
        page = _page(answer.status_code)
        answer.set_data(page.get_data())
        answer.content_type = page.content_type
        answer.headers["Cache-Control"] = page.headers["Cache-Control"]
    return answer


def _show_forgery(error: CSRFError) -> Response:
    _refusals().forged.count(str(error.description).rstrip("."), address())
    return _page(403)


def _show_limit(error: RateLimitExceeded) -> Response:
    end_transaction()
    _refusals().tally.count(str(error.limit.scope), address())
    _refusals().pace.wait()
    wait_s, scope = error.limit.limit.get_expiry(), error.limit.scope
    title, text = _WORDS[429]
    is_locked = scope in LOCKS
    said = _LOCKED if is_locked else _PROVED if scope in PROVING else text
    way_round = url_for("reset_passwords.new") if is_locked else ""
    page = _page(429, (title, said.format(minutes=wait_s // 60)), way_round=way_round)
    page.headers["Retry-After"] = str(wait_s)
    return page


def _refusals() -> Refusals:
    found: Refusals = current_app.extensions["emeter_refusals"]
    return found


def _show_busy(_error: Busy) -> Response:
    end_transaction()
    _refusals().pace.wait()  # No limit counts it, and whoever gets it asks again.
    return _show_later(_BUSY)


def _show_failure(error: Exception) -> Response:
    """Ask for patience where the database is away; anything else is a bug."""
    if not _is_database_away(error):
        return _show_bug(error)
    _log.warning("The database does not answer", error=first_line(error))
    is_lost = request.method not in _SAFE_METHODS and is_in_doubt()
    return _show_later(_IN_DOUBT if is_lost else _AWAY)


def _show_later(words: tuple[str, str]) -> Response:
    page = _page(503, words)
    page.headers["Retry-After"] = str(RETRY_AFTER_S)
    return page


def _is_database_away(error: Exception) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)


def _show_bug(error: Exception) -> Response:
    """Show a reference that is in the log beside the traceback; the path may hold a token, the rule not."""
    reference = secrets.token_hex(4)
    _log.error(
        "A request failed by a bug of ours",
        reference=reference,
        method=request.method,
        route=str(request.url_rule),
        exc_info=error,
    )
    return _page(500, reference=reference)


def _page(
    code: int, words: tuple[str, str] | None = None, *, reference: str = "", way_round: str = ""
) -> Response:
    end_transaction()
    if told := script_error(code, reference=reference):
        return told
    title, text = words or _WORDS.get(code, _OTHER)
    more = {"reference": reference, "way_round": way_round, "email": g.get("email", "")}
    page = render_template("layouts/error.html", code=code, title=title, text=text, **more)
    return make_response(page, code, {"Cache-Control": "no-store"})
