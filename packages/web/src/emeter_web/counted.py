"""How many of a team's monitors are in what: asked once a request, for the frame and for the page in it."""

from flask import g

from emeter_core.monitors import Overview, overview
from emeter_web import db


def counted() -> Overview:
    """The overview of the team of who asks, as this request saw it first."""
    if "overview" not in g:
        g.overview = overview(db.session(), g.scope)
    seen: Overview = g.overview
    return seen
