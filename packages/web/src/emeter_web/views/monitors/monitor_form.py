"""A monitor made, and changed."""

import uuid

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue

from emeter_core.errors import Invalid
from emeter_core.monitors import create_monitor, update_monitor
from emeter_web import db
from emeter_web.flashes import put_flash
from emeter_web.views.monitors.editing import REFUSED, begun, sent
from emeter_web.views.monitors.find import find


def new() -> str:
    """Show the form; an address may come with `?url=`, all of it with `?trial=`."""
    return begun().page()


def create() -> ResponseReturnValue:
    """Add a monitor; its first check is due at once."""
    editing = sent()
    try:
        draft = editing.draft()
    except Invalid as invalid:
        return editing.page(invalid), REFUSED
    made = create_monitor(db.session(), g.scope, draft, vault=db.vault(), now=db.now())
    return redirect(url_for("monitors.show", public_id=made.public_id), 303)


def edit(public_id: uuid.UUID) -> str:
    """Show the form of a monitor that is there."""
    return begun(find(public_id)).page()


def update(public_id: uuid.UUID) -> ResponseReturnValue:
    """Change it; the new version is checked at once."""
    monitor = find(public_id)
    editing = sent(monitor)
    try:
        draft = editing.draft()
    except Invalid as invalid:
        return editing.page(invalid), REFUSED
    update_monitor(db.session(), g.scope, monitor, draft, vault=db.vault(), now=db.now())
    more = " The next check is on its way." if editing.form.is_polled else ""
    put_flash("info", f"{draft.name} is saved.{more}")
    return redirect(url_for("monitors.show", public_id=public_id), 303)
