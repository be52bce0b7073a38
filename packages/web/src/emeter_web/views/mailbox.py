"""The mails that were written to files: where there is no SMTP server, and from this machine alone."""

from email.message import EmailMessage
from pathlib import Path

from flask import Response, abort, make_response, render_template, request

from emeter_core.mail import list_mails, read_mail
from emeter_web import db
from emeter_web.this_machine import is_from_this_machine

_SHOWN = 100


def index() -> str:
    """List the newest mails."""
    return render_template("mailbox/index.html", mails=list_mails(_directory(), limit=_SHOWN), now=db.now())


def show(name: str) -> str:
    """Show one mail as text."""
    message = read_mail(_directory(), name)
    return render_template("mailbox/show.html", name=name, message=message, text=_text(message))


def download(name: str) -> Response:
    """Hand the file out, for a mail program."""
    answer = make_response(read_mail(_directory(), name).as_bytes())
    answer.content_type = "message/rfc822"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _directory() -> Path:
    """Where the mails lie; nothing is here where they are sent, or for whoever is not at this machine."""
    if db.settings().smtp_url or not is_from_this_machine(request, db.settings()):
        abort(404)
    return db.settings().directory.mail


def _text(message: EmailMessage) -> str:
    """The text of a mail; empty where it has none."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
