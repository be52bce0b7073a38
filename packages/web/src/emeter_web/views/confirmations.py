"""Confirmation of an e-mail address (accounts.md, R14 to R16)."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core.accounts import (
    confirm_user,
    deliver_user_confirmation_instructions,
    get_user_by_email,
    imitate_instructions,
)
from emeter_web import db
from emeter_web.account_forms import EmailForm
from emeter_web.even import even
from emeter_web.flashes import put_flash

_SENT = (
    "If your email is in our system and it has not been confirmed yet,"
    " you will receive an email with instructions shortly."
)


def new() -> str:
    """Show the form."""
    return render_template("confirmations/new.html", form=EmailForm())


@even
def create() -> ResponseReturnValue:
    """Mail the link again; the answer does not tell whether there is such a user."""
    _mail(request.form["email"])
    put_flash("info", _SENT)
    return redirect(url_for("home.index"))


def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address to which this link went; nobody is logged in by it."""
    if confirm_user(db.session(), token, now=db.now()) is not None:
        put_flash("info", "User confirmed successfully.")
    elif g.current_user is None or g.current_user.confirmed_at is None:
        # Who is confirmed and signed in has most likely opened the link before.
        put_flash("error", "User confirmation link is invalid or it has expired.")
    return redirect(url_for("home.index"))


def link(token: str) -> str:
    """The address of the link in the mail: never on the host that a request names."""
    return db.settings().base_url + url_for("confirmations.confirm", token=token)


def _mail(email: str) -> None:
    """Mail the link to whom there is; for all others write one, too, and throw it away."""
    session, vault, mail = db.session(), db.vault(), None
    user = get_user_by_email(session, email)
    if user is not None:
        mail = deliver_user_confirmation_instructions(session, user, link, vault=vault, now=db.now())
    if mail is None:
        imitate_instructions(email, link, vault=vault)
