"""Registration (accounts.md, R1 and R2)."""

from flask import render_template
from flask.typing import ResponseReturnValue

from emeter_core.accounts import (
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
from emeter_web.user_auth import log_in_user
from emeter_web.views.confirmations import link

_FORM = "registrations/new.html"


def new() -> ResponseReturnValue:
    """Show the form."""
    return _closed() or render_template(_FORM, form=RegistrationForm())


def create() -> ResponseReturnValue:
    """Register, mail the link that confirms the address, and log in."""
    if closed := _closed():
        return closed
    form = RegistrationForm()
    try:
        user = _register(form.email.data or "", form.password.data or "")
    except Invalid as invalid:
        refuse(form, invalid)
        return render_template(_FORM, form=form)
    response = log_in_user(user)
    put_flash("info", "User created successfully.")
    return response


def _register(email: str, password: str) -> User:
    """Ask for all that is wrong first, then hash outside of any transaction; raises Invalid."""
    session, vault = db.session(), db.vault()
    change_user_registration(session, {"email": email, "password": password}).require_valid()
    db.pause_transaction()
    user = register_user(session, prepare_registration(email, password), now=db.now())
    deliver_user_confirmation_instructions(session, user, link, vault=vault, now=db.now())
    return user


def _closed() -> ResponseReturnValue | None:
    """The answer where EMETER_REGISTRATION is closed."""
    if db.settings().registration == "open":
        return None
    return render_template("registrations/closed.html"), 403
