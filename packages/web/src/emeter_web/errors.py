"""Errors as pages: what happened, and what to do. None of them asks the database."""

import logging
import secrets

from flask import Flask, Response, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from emeter_core.errors import NotFound
from emeter_web.db import end_transaction

_CLIENT_ERROR = 400
_RETRY_AFTER_S = 5
_log = logging.getLogger("emeter.web")

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
    413: ("This is too large", "At most 1 MiB can be sent at once. Nothing was changed."),
    429: ("Too many tries", "Wait {minutes} min, then try again."),
    500: (
        "Something broke",
        "It is our fault, and it was written down under the reference below. Nothing was changed.",
    ),
    503: ("Not now", "E-Meter cannot answer at the moment. Load the page again in a few seconds."),
}
_AWAY = ("The database is away", "Nothing was changed. Load the page again in a few seconds.")
_OTHER = ("This does not work", "The request cannot be answered.")


def register(app: Flask) -> None:
    """Answer every error with a page."""
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(CSRFError, _show_forgery)
    app.register_error_handler(RateLimitExceeded, _show_limit)
    app.register_error_handler(NotFound, lambda _error: _page(404))
    app.register_error_handler(Exception, _show_failure)


def _show_http_error(error: HTTPException) -> Response:
    """Keep what the error tells by headers, as `Allow` of 405."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        return _show_failure(error.original_exception)
    answer = make_response(error.get_response())
    if answer.status_code >= _CLIENT_ERROR:
        page = _page(answer.status_code)
        answer.set_data(page.get_data())
        answer.content_type = page.content_type
    return answer


def _show_forgery(error: CSRFError) -> Response:
    _log.info("Refused as forged: %s", error.description)
    return _page(403)


def _show_limit(error: RateLimitExceeded) -> Response:
    wait_s = error.limit.limit.get_expiry()
    title, text = _WORDS[429]
    page = _page(429, (title, text.format(minutes=wait_s // 60)))
    page.headers["Retry-After"] = str(wait_s)
    return page


def _show_failure(error: Exception) -> Response:
    """Ask for patience where the database is away; anything else is a bug."""
    if not _is_database_away(error):
        return _show_bug(error)
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    _log.warning("The database does not answer: %s", reason)
    page = _page(503, _AWAY)
    page.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return page


def _is_database_away(error: Exception) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)


def _show_bug(error: Exception) -> Response:
    """Show a reference that is in the log beside the traceback; the path may hold a token, the rule not."""
    reference = secrets.token_hex(4)
    _log.error("Error %s at %s %s", reference, request.method, request.url_rule, exc_info=error)
    return _page(500, reference=reference)


def _page(code: int, words: tuple[str, str] | None = None, *, reference: str = "") -> Response:
    end_transaction()
    title, text = words or _WORDS.get(code, _OTHER)
    page = render_template("layouts/error.html", code=code, title=title, text=text, reference=reference)
    return make_response(page, code)
