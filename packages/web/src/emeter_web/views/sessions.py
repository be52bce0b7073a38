"""Log-in and log-out (accounts.md, R3 to R5)."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from emeter_core.accounts import User, deliver_new_log_in, get_user_by_email, valid_password
from emeter_core.errors import NotFound
from emeter_web import db
from emeter_web.account_forms import LogInForm
from emeter_web.flashes import put_flash
from emeter_web.known_device import known_device
from emeter_web.limits import LOG_INS, forgive
from emeter_web.proxies import client_address
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
    user, is_known = get_user_by_email(db.session(), email), bool(known_device())
    db.pause_transaction()
    if not valid_password(user, password, first=is_known) or user is None:
        return None
    try:
        response = log_in_user(user, remember_me=remember_me)
    except NotFound:
        return None  # The password was changed while we checked the old one.
    if not is_known:
        _tell(user)
    return response


def _tell(user: User) -> None:
    """Mail that an unknown device logged in; the links are never on the host that a request names."""
    address, base_url = client_address(), db.settings().base_url
    deliver_new_log_in(
        db.session(),
        user,
        device=request.headers.get("User-Agent", ""),
        address=str(address) if address else None,
        reset_url=base_url + url_for("reset_passwords.new"),
        settings_url=base_url + url_for("settings.show"),
        vault=db.vault(),
        now=db.now(),
    )
