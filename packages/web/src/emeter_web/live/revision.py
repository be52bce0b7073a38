"""What a page knows of how old it is, so that the stream it opens can tell it of what it missed."""

from flask import current_app, g, request, url_for
from markupsafe import Markup

from emeter_core.analytics import live_states
from emeter_web import db
from emeter_web.live.hub import Hub


def note_revision() -> None:
    """Note the team's revision before the page is read: what changes from here on is news to the page."""
    team_id = g.scope.team.id
    hub: Hub = current_app.extensions["emeter_hub"]
    # One that the hub saw a moment ago is older still, and costs nothing.
    g.live_revision = (
        hub.revision(team_id) or live_states(db.session(), [team_id], since=None)[team_id].revision
    )


def live_meta() -> Markup:
    """The element that the script reads: where the stream is, and which page to fetch when something changed.

    A page that is not shared, such as a form, fetches another one, and takes the navigation out of it.
    """
    if g.get("scope") is None:
        return Markup()
    if "live_revision" not in g:
        note_revision()
    is_shared = request.method == "GET" and hasattr(_view(), "is_shared")
    return Markup(
        '<meta name="live" content="{}" data-now="{}" data-revision="{}" data-page="{}" data-part="{}">'
    ).format(
        url_for("live.stream", public_id=g.scope.team.id),
        round(db.now().timestamp() * 1000),
        g.live_revision,
        request.full_path.removesuffix("?") if is_shared else _shared_page(),
        "main" if is_shared else "nav",
    )


def _shared_page() -> str:
    """A page with the navigation of the same team: that of the monitor at hand, else the dashboard."""
    named = (request.view_args or {}).get("public_id")
    is_of_monitor = named and (request.endpoint or "").startswith("monitors.")
    return url_for("monitors.show", public_id=named) if is_of_monitor else url_for("home.index")


def _view() -> object:
    return current_app.view_functions.get(request.endpoint or "")
