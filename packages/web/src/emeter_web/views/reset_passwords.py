"""A new password for whoever forgot theirs (accounts.md, R6 to R9). The link logs nobody in."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core.accounts import (
    User,
    change_user_password,
    deliver_user_reset_password_instructions,
    get_user_by_email,
    get_user_by_reset_password_token,
    imitate_instructions,
    prepare_password_reset,
    reset_user_password,
)
from emeter_core.errors import Invalid, NotFound
from emeter_web import db
from emeter_web.account_forms import EmailForm, NewPasswordForm, new_password
from emeter_web.even import even
from emeter_web.flashes import put_flash
from emeter_web.forms import refuse
from emeter_web.known_device import remember_device

_FORM = "reset_passwords/edit.html"
_SENT = "If your email is in our system, you will receive instructions to reset your password shortly."
_BAD_LINK = "Reset password link is invalid or it has expired."


def new() -> str:
    """Show the form."""
    return render_template("reset_passwords/new.html", form=EmailForm())


@even
def create() -> ResponseReturnValue:
    """Mail the link; the answer does not tell whether there is such a user."""
    _mail(request.form["email"])
    put_flash("info", _SENT)
    return redirect(url_for("home.index"))


def edit(token: str) -> ResponseReturnValue:
    """Show the form to whom the link went."""
    if _user_of(token) is None:
        return _refused()
    return render_template(_FORM, form=NewPasswordForm(), token=token)


def update(token: str) -> ResponseReturnValue:
    """Set the password, and end all sessions and links of the user; a wrong form leaves the link good."""
    user, form = _user_of(token), NewPasswordForm()
    if user is None:
        return _refused()
    try:
        return _done(_reset(user))
    except Invalid as invalid:
        refuse(form, invalid)
        return render_template(_FORM, form=form, token=token)
    except NotFound:
        return _refused()  # The link was used a moment ago.


def link(token: str) -> str:
    """The address of the link in the mail: never on the host that a request names."""
    return db.settings().base_url + url_for("reset_passwords.edit", token=token)


def _mail(email: str) -> None:
    """Mail the link to whom there is; for all others write one, too, and throw it away."""
    session, vault, mail = db.session(), db.vault(), None
    user = get_user_by_email(session, email)
    if user is not None:
        mail = deliver_user_reset_password_instructions(session, user, link, vault=vault, now=db.now())
    if mail is None:
        imitate_instructions(email, link, vault=vault)


def _user_of(token: str) -> User | None:
    return get_user_by_reset_password_token(db.session(), token, now=db.now())


def _reset(user: User) -> User:
    """Hash outside of any transaction, then write; raises Invalid, or NotFound where the link was used."""
    changes = change_user_password(user, new_password())
    db.pause_transaction()
    return reset_user_password(db.session(), prepare_password_reset(user, changes), now=db.now())


def _done(user: User) -> ResponseReturnValue:
    put_flash("info", "Password reset successfully.")
    response = redirect(url_for("sessions.new"))
    # However many guess at the account: whoever has its mail gets in.
    remember_device(response, user)
    return response


def _refused() -> ResponseReturnValue:
    put_flash("error", _BAD_LINK)
    return redirect(url_for("home.index"))
