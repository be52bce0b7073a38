"""What the page of settings shows: who one is, the two forms, and where one is logged in."""

from flask import g, render_template

from emeter_core.accounts import list_sessions
from emeter_web import db
from emeter_web.account_forms import EmailChangeForm, PasswordChangeForm
from emeter_web.user_auth import current_token


def render(
    *, email_form: EmailChangeForm | None = None, password_form: PasswordChangeForm | None = None
) -> str:
    """Show the page; a form that is given comes back with its errors, the other one is as new."""
    user, token = g.current_user, current_token() or b""
    sessions = list_sessions(db.session(), user, now=db.now(), current=token)
    return render_template(
        "settings/show.html",
        email_form=email_form or EmailChangeForm(formdata=None, email=user.email),
        password_form=password_form or PasswordChangeForm(formdata=None),
        # This browser first: all others are measured by it.
        sessions=sorted(sessions, key=lambda each: not each.is_current),
        now=db.now(),
    )
