"""Where a user is logged in, and how that ends from afar; this browser's own way out is `sessions.delete`."""

import uuid

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue

from emeter_core.accounts import end_other_sessions, end_session
from emeter_core.errors import NotFound
from emeter_web import db
from emeter_web.flashes import put_flash
from emeter_web.user_auth import current_token, fetch_current_user, log_out_user

_SEE_OTHER = 303


def delete(public_id: uuid.UUID) -> ResponseReturnValue:
    """End one; this browser's own is logged out. One of another user is as one that has ended."""
    try:
        end_session(db.session(), g.current_user, public_id)
    except NotFound:
        put_flash("info", "That log-in had ended already.")
        return redirect(url_for("settings.show"), _SEE_OTHER)
    fetch_current_user()
    if g.current_user is None:
        response = log_out_user()
        put_flash("info", "Logged out successfully.")
        return response
    put_flash("info", "That log-in was ended.")
    return redirect(url_for("settings.show"), _SEE_OTHER)


def delete_others() -> ResponseReturnValue:
    """End all but this one."""
    end_other_sessions(db.session(), g.current_user, current_token() or b"")
    put_flash("info", "All other log-ins were ended.")
    return redirect(url_for("settings.show"), _SEE_OTHER)
