"""Confirmation of an e-mail address (accounts.md, R14 to R16)."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core.accounts import confirm_user, deliver_user_confirmation_instructions, get_user_by_email
from emeter_web import db
from emeter_web.account_forms import EmailForm
from emeter_web.flashes import put_flash

_SENT = (
    "If your email is in our system and it has not been confirmed yet,"
    " you will receive an email with instructions shortly."
)


def new() -> str:
    """Show the form."""
    return render_template("confirmations/new.html", form=EmailForm())


def create() -> ResponseReturnValue:
    """Mail the link again; the answer does not tell whether there is such a user."""
    user = get_user_by_email(db.session(), request.form["email"])
    if user is not None:
        deliver_user_confirmation_instructions(db.session(), user, link, vault=db.vault(), now=db.now())
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
