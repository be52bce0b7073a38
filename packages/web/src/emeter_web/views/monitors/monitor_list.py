"""The list of all monitors: searched, filtered, sorted, page by page."""

from flask import g, render_template, request

from emeter_core.monitors.kinds import KINDS
from emeter_web import db
from emeter_web.counted import counted
from emeter_web.live.shared import shared
from emeter_web.shown.filters import SORTS, Filters
from emeter_web.shown.listing import listing

PER_PAGE = 50


@shared
def index() -> str:
    """Show one page of the list."""
    filters, now = Filters.of(request.args), db.now()
    return render_template(
        "monitors/index.html",
        filters=filters,
        overview=counted(),
        listing=listing(db.session(), g.scope, filters, counted(), per_page=PER_PAGE, now=now),
        kinds=KINDS if len(KINDS) > 1 else (),
        sorts=SORTS,
        now=now,
    )
