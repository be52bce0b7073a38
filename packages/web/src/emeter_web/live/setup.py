"""The live pages of an application."""

from flask import Flask

from emeter_web import db
from emeter_web.live.copies import Copies
from emeter_web.live.hub import Hub
from emeter_web.live.revision import live_meta
from emeter_web.live.room import room_for_pages
from emeter_web.live.source import DatabaseSource


def register(app: Flask) -> None:
    """Give the application its hub, whose threads begin with the first page that listens."""
    app.extensions["emeter_hub"] = Hub(DatabaseSource(db.parts(app).database), limit=room_for_pages())
    app.extensions["emeter_copies"] = Copies()
    app.jinja_env.globals["live_meta"] = live_meta


def hub_of(app: Flask) -> Hub:
    """The hub of an application."""
    hub: Hub = app.extensions["emeter_hub"]
    return hub
