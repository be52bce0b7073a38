"""The account of a user deleted: asked on a page of its own, and proved with the current password."""

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from emeter_core.accounts import delete_user, prepare_user_deletion, teams_left_by
from emeter_core.errors import Invalid
from emeter_web import db
from emeter_web.account_forms import DeletionForm
from emeter_web.flashes import put_flash
from emeter_web.forms import refuse
from emeter_web.known_device import forget_account
from emeter_web.user_auth import log_out_user


def show() -> str:
    """Ask whether it shall go, and say what goes with it."""
    return _page(DeletionForm(formdata=None))


def delete() -> ResponseReturnValue:
    """Delete it with the teams that nobody else belongs to; all sessions end, this one too."""
    form = DeletionForm()
    try:
        _delete(request.form["current_password"])
    except Invalid as invalid:
        refuse(form, invalid)
        return _page(form)
    response = log_out_user()
    forget_account(response, g.current_user)
    put_flash("info", "Your account was deleted.")
    return response


def _page(form: DeletionForm) -> str:
    return render_template(
        "settings/delete.html", form=form, teams=teams_left_by(db.session(), g.current_user)
    )


def _delete(current_password: str) -> None:
    """Hash outside of any transaction, then delete; raises Invalid."""
    db.pause_transaction()
    deletion = prepare_user_deletion(g.current_user, current_password)
    delete_user(db.session(), deletion, vault=db.vault(), now=db.now())
