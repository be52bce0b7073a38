"""What every template knows."""

from flask import Flask, current_app, g
from werkzeug.local import LocalProxy

from emeter_core.monitors import Status
from emeter_web import our_meter
from emeter_web.counted import counted
from emeter_web.registration import is_open
from emeter_web.security import csp_nonce
from emeter_web.shell import Page


def register(app: Flask) -> None:
    """Let templates know who asks (`current_user` and `scope`, None for nobody), and what the frame shows.

    What asks the database does so when it is looked at: `page` in the frame of a signed-in page, and
    `registration_is_open`, where it is closed, on pages for those who are not signed in.
    """
    our_meter.register(app)
    app.context_processor(_know)


def _know() -> dict[str, object]:
    return {
        "current_user": g.get("current_user"),
        "scope": g.get("scope"),
        "csp_nonce": csp_nonce(),
        "page": LocalProxy(_page),
        "endpoints": current_app.view_functions,
        "registration_is_open": LocalProxy(is_open),
    }


def _page() -> Page:
    if "page" not in g:
        seen = counted()
        g.page = Page(
            down=seen.counts[Status.DOWN], open_incidents=seen.open_incidents, ours=our_meter.read()
        )
    page: Page = g.page
    return page
