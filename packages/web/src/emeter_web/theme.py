"""Light, dark, or what the system says: a choice of this browser."""

from datetime import timedelta

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from emeter_web.paths import HOME, is_local
from emeter_web.session_cookie import put_cookie

COOKIE = "theme"
SYSTEM = "system"
THEMES = frozenset({SYSTEM, "light", "dark"})
_KEPT_FOR = timedelta(days=365)


def register(app: Flask) -> None:
    """Let templates ask for the theme."""
    app.jinja_env.globals.update(theme=theme)


def theme() -> str:
    """Answer the theme that this browser has chosen, `system` where it has not."""
    chosen = request.cookies.get(cookie_name(), SYSTEM)
    return chosen if chosen in THEMES else SYSTEM


def choose(answer: Response, chosen: str) -> None:
    """Let the browser remember a theme for a year; `system`, and what is none, is forgotten."""
    kept = chosen in THEMES and chosen != SYSTEM
    put_cookie(answer, cookie_name(), chosen if kept else "", max_age=_KEPT_FOR if kept else timedelta(0))


def cookie_name() -> str:
    """What the cookie is called; on https it is bound to this very host, as all of ours are."""
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def update() -> ResponseReturnValue:
    """Take the theme that a form sends, and go back to where it came from."""
    path = request.form.get("return_to", HOME)
    answer = redirect(path if is_local(path) else HOME)
    choose(answer, request.form.get("theme", ""))
    return answer
