"""`/`: what this is, for those who are not signed in; the dashboard for those who are."""

from flask import g, render_template

from emeter_core import analytics
from emeter_core.monitors import Overview
from emeter_core.monitors.kinds import DEFAULT
from emeter_web import db
from emeter_web.counted import counted
from emeter_web.live.shared import shared
from emeter_web.monitor_forms.kinds import form_of
from emeter_web.shown.filters import SORTS, Filters
from emeter_web.shown.listing import listing
from emeter_web.words import fleet

PER_PAGE = 30


@shared
def index() -> str:
    """Show what fits who asks: the landing page, the first step, or the dashboard."""
    if g.scope is None:
        return render_template("home/landing.html")
    if not counted().total:
        return render_template("home/newcomer.html", form=form_of(DEFAULT).showing({}))
    return _dashboard(counted())


def _dashboard(seen: Overview) -> str:
    """Everything in one sentence, a day on one line, then the monitors, trouble first."""
    now, filters = db.now(), Filters()
    return render_template(
        "home/dashboard.html",
        head=fleet.head(seen.counts),
        lede=fleet.lede(seen.counts, seen.latest_change, now=now),
        ticks=analytics.tape(db.session(), g.scope, now=now),
        filters=filters,
        overview=seen,
        listing=listing(db.session(), g.scope, filters, seen, per_page=PER_PAGE, now=now),
        sorts=SORTS,
        now=now,
    )
