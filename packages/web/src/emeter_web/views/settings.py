"""The settings of a user: e-mail and password (accounts.md, R10 to R13), and where they are logged in."""

from flask import abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core.accounts import (
    User,
    apply_user_email,
    change_user_email,
    change_user_password,
    deliver_update_email_instructions,
    prepare_password_change,
    update_user_email,
    update_user_password,
)
from emeter_core.errors import Invalid, NotFound
from emeter_web import db, settings_page
from emeter_web.account_forms import EmailChangeForm, PasswordChangeForm, new_password
from emeter_web.flashes import put_flash
from emeter_web.forms import refuse
from emeter_web.limits import CHANGES_OF_EMAIL, PROOFS, forgive
from emeter_web.user_auth import is_remembered, log_in_user

_LINK_SENT = "A link to confirm your email change has been sent to the new address."
_BAD_LINK = "Email change link is invalid or it has expired."


def show() -> str:
    """Show who one is, the two forms, and where one is logged in."""
    return settings_page.render()


def update() -> ResponseReturnValue:
    """Change what `action` names; the current password proves who asks."""
    change = _ACTIONS.get(request.form["action"])
    return change() if change else abort(400)


def confirm_email(token: str) -> ResponseReturnValue:
    """Change the e-mail to the one that the link went to."""
    if update_user_email(db.session(), g.current_user, token, vault=db.vault(), now=db.now()):
        put_flash("info", "Email changed successfully.")
    else:
        put_flash("error", _BAD_LINK)
    return redirect(url_for("settings.show"))


def link(token: str) -> str:
    """The address of the link in the mail: never on the host that a request names."""
    return db.settings().base_url + url_for("settings.confirm_email", token=token)


def _update_email() -> ResponseReturnValue:
    """Mail the link; the e-mail stays as it is until the link is followed."""
    form = EmailChangeForm()
    try:
        _mail_link(request.form["email"], request.form["current_password"])
    except Invalid as invalid:
        forgive(CHANGES_OF_EMAIL)
        refuse(form, invalid)
        return settings_page.render(email_form=form)
    forgive(PROOFS)
    put_flash("info", _LINK_SENT)
    return redirect(url_for("settings.show"))


def _mail_link(email: str, current_password: str) -> None:
    """Ask for all that is wrong, hash outside of any transaction, then mail; raises Invalid."""
    changes = change_user_email(db.session(), g.current_user, {"email": email})
    db.pause_transaction()
    change = apply_user_email(g.current_user, current_password, changes)
    try:
        deliver_update_email_instructions(db.session(), change, link, vault=db.vault(), now=db.now())
    except NotFound:
        # The password was changed while we checked the old one.
        raise Invalid({"current_password": ["is not valid"]}) from None


def _update_password() -> ResponseReturnValue:
    """Change it and end all sessions; this browser goes on in a new one, remembered if it was."""
    form = PasswordChangeForm()
    try:
        user = _change_password(request.form["current_password"])
    except Invalid as invalid:
        refuse(form, invalid)
        return settings_page.render(password_form=form)
    forgive(PROOFS)
    response = log_in_user(user, remember_me=is_remembered(), return_to=url_for("settings.show"))
    put_flash("info", "Password updated successfully.")
    return response


def _change_password(current_password: str) -> User:
    """Hash outside of any transaction, then write; raises Invalid."""
    changes = change_user_password(g.current_user, new_password())
    db.pause_transaction()
    change = prepare_password_change(g.current_user, current_password, changes)
    return update_user_password(db.session(), change, now=db.now())


_ACTIONS = {"update_email": _update_email, "update_password": _update_password}
