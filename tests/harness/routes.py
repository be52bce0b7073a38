"""The pages of the router's own table, at addresses that are there, and pages that only an error shows."""

from flask import Flask
from flask.testing import FlaskClient

from emeter_core.settings import Settings
from emeter_web.app import create_app
from emeter_web.router import GROUPS
from emeter_web.routes import ANYBODY, Group, get, mount
from emeter_web.user_auth import public
from harness.emeter import Emeter

# What a browser does not show: a stream, which a page opens by itself, and a file to keep.
NOT_PAGES = {"/live/<uuid:public_id>", "/dev/mailbox/<name>/file"}


def addresses(named: dict[str, str], mail: str) -> list[str]:
    """Where the routes lead that are looked at, with what `furnish` named and a mail that was written.

    A new kind of thing in a path has to be entered here: what is not known fails.
    """
    begins = {
        "/monitors/<uuid:public_id>/checks/<int:slot>": named["check"],
        "/monitors/<uuid:public_id>": named["monitor"],
        "/incidents/<uuid:public_id>": named["incident"],
        "/users/reset_password/<token>": named["reset"],
        "/users/confirm/<token>": "/users/confirm/oops",
        "/users/settings/confirm_email/<token>": "/users/settings/confirm_email/oops",
        "/dev/mailbox/<name>": mail,
    }
    return [
        _address(route.path, begins)
        for group in GROUPS
        for route in group.routes
        if route.method == "GET" and route.path not in NOT_PAGES
    ]


def _address(path: str, begins: dict[str, str]) -> str:
    begin = next((begin for begin in begins if path.startswith(begin)), "")
    address = begins.get(begin, "") + path[len(begin) :]
    assert "<" not in address, f"{path}: what is there of this?"
    return address


def rare_pages(emeter: Emeter) -> dict[str, str]:
    """The pages that a bug and a closed registration show: by the same application, on the same database."""
    url = emeter.database.url.render_as_string(hide_password=False)
    app = create_app(
        Settings(database_url=url, secret_key="a secret of the tests, long enough", registration="closed")
    )
    mount(app, Group(public, (get("/test/broken", _break, ANYBODY),)))
    return {"broken": _page(app, "/test/broken", 500), "closed": _page(app, "/users/register", 403)}


def _page(app: Flask, path: str, status: int) -> str:
    browser: FlaskClient = app.test_client()
    answer = browser.get(path)
    assert answer.status_code == status
    return answer.text


def _break() -> str:
    raise RuntimeError("as bugs do")
