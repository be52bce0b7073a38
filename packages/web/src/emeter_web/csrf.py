"""Against requests that another site made for us: a token, and what the browser says of its origin."""

import logging
from typing import NoReturn

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from emeter_web.hosts import is_our_origin

FIELD = "_csrf_token"
HEADER = "X-CSRF-Token"


def register(app: Flask) -> None:
    """Give templates `csrf_token()`; `protect_from_forgery` is called by the router, not by Flask-WTF."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_FIELD_NAME=FIELD,
        WTF_CSRF_HEADERS=[HEADER],
        # A page that was left open over night still works: the token ends with the session.
        WTF_CSRF_TIME_LIMIT=None,
        # We look at Origin ourselves, on http too.
        WTF_CSRF_SSL_STRICT=False,
    )
    CSRFProtect(app)
    # What it refuses is logged where it is answered: see errors.py.
    logging.getLogger("flask_wtf.csrf").setLevel(logging.WARNING)


def protect_from_forgery() -> None:
    """Raise CSRFError where the request is not from a page of ours; for those that change something."""
    if request.headers.get("Sec-Fetch-Site", "") in {"cross-site", "same-site"}:
        _refuse("The request comes from another site.")
    origin = request.headers.get("Origin")
    if origin is not None and not is_our_origin(origin, request):
        _refuse("The request comes from another origin.")
    protection: CSRFProtect = current_app.extensions["csrf"]
    protection.protect()


def _refuse(why: str) -> NoReturn:
    raise CSRFError(why)
