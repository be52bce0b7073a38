"""Registration (accounts.md, R1 and R2)."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from emeter_core.accounts import (
    RegistrationClosed,
    User,
    change_user_registration,
    deliver_user_confirmation_instructions,
    prepare_registration,
    register_user,
)
from emeter_core.errors import Invalid
from emeter_web import db
from emeter_web.account_forms import RegistrationForm
from emeter_web.flashes import put_flash
from emeter_web.forms import refuse
from emeter_web.limits import REGISTRATIONS, forgive
from emeter_web.registration import is_open
from emeter_web.user_auth import log_in_user
from emeter_web.views.confirmations import link

_FORM = "registrations/new.html"


def new() -> ResponseReturnValue:
    """Show the form, or whom to ask where registration is closed."""
    if not is_open():
        return _closed()
    return render_template(_FORM, form=RegistrationForm())


def create() -> ResponseReturnValue:
    """Register, mail the link that confirms the address, and log in."""
    form = RegistrationForm()
    try:
        user = _register(form.email.data or "", form.password.data or "")
    except RegistrationClosed:
        forgive(REGISTRATIONS)
        return _closed()
    except Invalid as invalid:
        forgive(REGISTRATIONS)
        refuse(form, invalid)
        return render_template(_FORM, form=form)
    response = log_in_user(user)
    put_flash("info", "User created successfully.")
    return response


def _register(email: str, password: str) -> User:
    """Ask for all that is wrong first, then hash outside of any transaction.

    Raises Invalid, or RegistrationClosed: before the hash, and where somebody else was the first meanwhile.
    """
    if not is_open():
        raise RegistrationClosed
    if not request.form.keys() & {"email", "password"}:
        abort(400)
    session = db.session()
    change_user_registration(session, {"email": email, "password": password}).require_valid()
    db.pause_transaction()
    registration = prepare_registration(email, password)
    only_first = db.settings().registration == "closed"
    user = register_user(session, registration, now=db.now(), only_first=only_first)
    deliver_user_confirmation_instructions(session, user, link, vault=db.vault(), now=db.now())
    return user


def _closed() -> ResponseReturnValue:
    return render_template("registrations/closed.html"), 403
