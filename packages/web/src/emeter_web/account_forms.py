"""The forms of accounts: they parse and show; what is wrong with a value is for the domain to say."""

from collections.abc import Sequence

from flask import request
from wtforms import BooleanField, PasswordField, StringField

from emeter_web.forms import Form


class TrueField(BooleanField):
    """A tick with a hidden `false` before it: the last value counts, and nothing but `true` is a yes."""

    def process_formdata(self, valuelist: Sequence[str] | None) -> None:
        """Take what was sent."""
        self.data = list(valuelist or ())[-1:] == ["true"]


class RegistrationForm(Form):
    """Who wants an account."""

    email = StringField("Email")
    password = PasswordField("Password")


class LogInForm(Form):
    """Who has one."""

    email = StringField("Email")
    password = PasswordField("Password")
    remember_me = TrueField("Keep me logged in for 60 days")


class EmailForm(Form):
    """Whose mail is to be sent."""

    email = StringField("Email")


class NewPasswordForm(Form):
    """What the password is to be, twice."""

    password = PasswordField("New password")
    password_confirmation = PasswordField("Confirm new password")


class PasswordChangeForm(NewPasswordForm):
    """The same, and what it is now."""

    current_password = PasswordField("Current password", id="current_password_for_password")


class EmailChangeForm(Form):
    """Which e-mail somebody wants, and the password that proves who they are."""

    email = StringField("Email")
    current_password = PasswordField("Current password", id="current_password_for_email")


class DeletionForm(Form):
    """The password that proves who wants to go."""

    current_password = PasswordField("Current password")


def new_password() -> dict[str, str]:
    """The new password as it was sent, confirmed or not; a form without one is malformed (400)."""
    typed = {"password": request.form["password"]}
    if "password_confirmation" in request.form:
        typed["password_confirmation"] = request.form["password_confirmation"]
    return typed
