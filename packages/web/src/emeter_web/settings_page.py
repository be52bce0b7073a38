"""What the page of settings shows: who one is, the two forms, and where one is logged in."""

from flask import g, render_template

from emeter_core.accounts import count_sessions, list_sessions
from emeter_web import db
from emeter_web.account_forms import EmailChangeForm, PasswordChangeForm
from emeter_web.user_auth import current_token

# More than a person has browsers. A script that logs in again and again makes thousands: all of them end by
# one button.
_MOST_SESSIONS = 50


def render(
    *, email_form: EmailChangeForm | None = None, password_form: PasswordChangeForm | None = None
) -> str:
    """Show the page; a form that is given comes back with its errors, the other one is as new."""
    user, token = g.current_user, current_token() or b""
    sessions = list_sessions(db.session(), user, now=db.now(), current=token, limit=_MOST_SESSIONS)
    is_full = len(sessions) == _MOST_SESSIONS
    return render_template(
        "settings/show.html",
        email_form=email_form or EmailChangeForm(formdata=None, email=user.email),
        password_form=password_form or PasswordChangeForm(formdata=None),
        sessions=sessions,
        more_sessions=count_sessions(db.session(), user, now=db.now()) - len(sessions) if is_full else 0,
        now=db.now(),
    )
