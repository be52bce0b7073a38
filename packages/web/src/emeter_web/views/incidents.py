"""What went wrong, what is open, and who took it."""

import uuid

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core import incidents
from emeter_web import db
from emeter_web.counted import counted
from emeter_web.flashes import put_flash
from emeter_web.live.shared import shared
from emeter_web.pager import Pages
from emeter_web.shown.incident_page import incident_page
from emeter_web.shown.incident_rows import incident_rows, page_of, state_of

PER_PAGE = 50


@shared
def index() -> str:
    """Show one page of them, newest first."""
    state, number = state_of(request.args), page_of(request.args)
    found = incidents.list_incidents(db.session(), g.scope, state=state, page=number, per_page=PER_PAGE)
    return render_template(
        "incidents/index.html",
        state=state,
        rows=incident_rows(found.rows, now=db.now()),
        pages=Pages(found.number, found.total, found.per_page),
        open_count=counted().open_incidents,
        now=db.now(),
    )


@shared
def show(public_id: uuid.UUID) -> str:
    """Show one: what it began with, what happened in it, who was told when."""
    incident = incidents.get_incident(db.session(), g.scope, public_id)
    shown = incident_page(db.session(), g.scope, incident, vault=db.vault(), now=db.now())
    return render_template("incidents/show.html", incident=incident, shown=shown, now=db.now())


def acknowledge(public_id: uuid.UUID) -> ResponseReturnValue:
    """Note that the person who asks has taken it."""
    incident = incidents.get_incident(db.session(), g.scope, public_id)
    if not incidents.acknowledge(db.session(), g.scope, incident, now=db.now()):
        put_flash("info", "Somebody was quicker, or it is over.")
    return redirect(url_for("incidents.show", public_id=public_id), 303)
