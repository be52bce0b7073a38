"""Log-in and log-out (accounts.md, R3 to R5)."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from emeter_core.accounts import get_user_by_email, valid_password
from emeter_core.errors import NotFound
from emeter_web import db
from emeter_web.account_forms import LogInForm
from emeter_web.flashes import put_flash
from emeter_web.limits import LOG_INS, forgive
from emeter_web.user_auth import log_in_user, log_out_user

_FORM = "sessions/new.html"


def new() -> str:
    """Show the form; the e-mail may come with the address."""
    return render_template(_FORM, form=LogInForm(email=request.args.get("email", "")))


def create() -> ResponseReturnValue:
    """Log in; an unknown e-mail and a wrong password get the same answer, after the same work."""
    form = LogInForm()
    response = _log_in(request.form["email"], request.form["password"], remember_me=form.remember_me.data)
    if response is None:
        return render_template(_FORM, form=form, error="Invalid email or password")
    forgive(LOG_INS)
    return response


def delete() -> ResponseReturnValue:
    """Log out."""
    response = log_out_user()
    put_flash("info", "Logged out successfully.")
    return response


def _log_in(email: str, password: str, *, remember_me: bool) -> Response | None:
    user = get_user_by_email(db.session(), email)
    db.pause_transaction()
    if not valid_password(user, password) or user is None:
        return None
    try:
        return log_in_user(user, remember_me=remember_me)
    except NotFound:
        return None  # The password was changed while we checked the old one.
