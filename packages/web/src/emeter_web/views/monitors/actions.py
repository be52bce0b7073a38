"""What one does with a monitor from its page: pause, resume, check now, delete."""

import uuid

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from emeter_core.characters import isolated
from emeter_core.monitors import (
    Monitor,
    check_monitor_now,
    delete_monitor,
    pause_monitor,
    resume_monitor,
    rotate_token,
)
from emeter_core.monitors.kinds import KINDS
from emeter_web import db
from emeter_web.flashes import put_flash
from emeter_web.views.monitors.find import find
from emeter_web.words.monitor import age


def pause(public_id: uuid.UUID) -> ResponseReturnValue:
    """Stop checking it."""
    monitor = find(public_id)
    pause_monitor(db.session(), g.scope, monitor, now=db.now())
    put_flash("info", f"{isolated(monitor.name)} is paused.")
    return _back_to(monitor)


def resume(public_id: uuid.UUID) -> ResponseReturnValue:
    """Check it again, at once."""
    monitor = find(public_id)
    resume_monitor(db.session(), g.scope, monitor, now=db.now())
    is_polled = KINDS[monitor.kind].is_polled
    put_flash("info", f"{isolated(monitor.name)} is {'checked' if is_polled else 'expected'} again.")
    return _back_to(monitor)


def check_now(public_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for a check beside the schedule; the page then says that it is on its way."""
    monitor = find(public_id)
    asked = check_monitor_now(db.session(), g.scope, monitor, now=db.now())
    if asked.slot is None:
        put_flash("error", f"{isolated(monitor.name)} is paused. Resume it, and it is checked at once.")
        return _back_to(monitor)
    if not asked.is_new:
        put_flash("info", f"{isolated(monitor.name)} {asked.words}.")
    return _back_to(monitor, asked=round(asked.slot.timestamp() * 1000))


def rotate(public_id: uuid.UUID) -> ResponseReturnValue:
    """Give a heartbeat another URL; the one before is dead at once."""
    monitor = find(public_id)
    rotate_token(db.session(), g.scope, monitor, vault=db.vault())
    put_flash("info", "The URL before is dead: give the job the new one.")
    return _back_to(monitor)


def ask_delete(public_id: uuid.UUID) -> str:
    """Ask whether it shall go, and say what goes with it."""
    monitor = find(public_id)
    return render_template("monitors/delete.html", monitor=monitor, age=age(monitor.inserted_at, db.now()))


def delete(public_id: uuid.UUID) -> ResponseReturnValue:
    """Delete it with its history."""
    monitor = find(public_id)
    delete_monitor(db.session(), g.scope, monitor, now=db.now())
    put_flash("info", f"{isolated(monitor.name)} is deleted.")
    return redirect(url_for("monitors.index"), 303)


def _back_to(monitor: Monitor, *, asked: int | None = None) -> Response:
    return redirect(url_for("monitors.show", public_id=monitor.public_id, asked=asked), 303)
