"""The mails about accounts: their words, and the way into the outbox."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from emeter_core.accounts import tokens
from emeter_core.accounts.email_rules import MAX_POINTS
from emeter_core.accounts.user import User
from emeter_core.mail import Mail
from emeter_core.mail.templates import render_text
from emeter_core.outbox import enqueue_mail, seal_mail
from emeter_core.vault import Vault

# Makes the address of a link out of its token.
UrlFun = Callable[[str], str]

_RULE = "=" * 30


class AccountEvent(StrEnum):
    """What a person is told about their account."""

    CONFIRMATION = "account.confirmation"
    PASSWORD_RESET = "account.password_reset"  # noqa: S105 - the name of an event
    EMAIL_CHANGE = "account.email_change"
    EMAIL_CHANGED = "account.email_changed"
    NEW_LOG_IN = "account.new_log_in"
    DELETED = "account.deleted"


def confirmation_instructions(email: str, url: str) -> Mail:
    """How to confirm an account."""
    return _letter(
        email,
        "Confirmation instructions",
        "You can confirm your account by visiting the URL below:",
        url,
        "If you didn't create an account with us, please ignore this.",
        action="Confirm account",
    )


def reset_password_instructions(email: str, url: str) -> Mail:
    """How to set a new password."""
    return _letter(
        email,
        "Reset password instructions",
        "You can reset your password by visiting the URL below:",
        url,
        "If you didn't request this change, please ignore this.",
        action="Set a new password",
    )


def update_email_instructions(email: str, url: str) -> Mail:
    """How to change to this e-mail."""
    return _letter(
        email,
        "Update email instructions",
        "You can change your email by visiting the URL below:",
        url,
        "If you didn't request this change, please ignore this.",
        action="Change email",
    )


def email_changed(old: str, new: str) -> Mail:
    """What the old e-mail of an account is told; it holds no link, for it may be in wrong hands."""
    return _letter(
        old,
        "Your email was changed",
        "The email of your account was changed to:",
        new,
        "If you didn't change it, please tell whoever runs this E-Meter.",
    )


def new_log_in(email: str, what: str, *, reset_url: str, settings_url: str) -> Mail:
    """That somebody logged in from a device that was not known; `what` are its lines: which, whence, when."""
    return _letter(
        email,
        "New log-in to your account",
        "Somebody logged in to your account from a device that was not known to us:",
        what,
        "If this was you, there is nothing to do. If it was not, they know your password: set a new one at"
        f" {reset_url} and every log-in ends. You can also end each of them in your settings: {settings_url}",
    )


def account_deleted(email: str, teams: Sequence[str]) -> Mail:
    """What the owner of a deleted account is told; `teams` went with it."""
    gone = "".join(f"\n* {team}, with its monitors and their history" for team in teams)
    return _letter(
        email,
        "Your account was deleted",
        "Your account was deleted, and you were logged out everywhere.",
        f"What went with it:{gone}" if gone else "The teams you were in go on without you.",
        "If you didn't delete it, please tell whoever runs this E-Meter.",
    )


def deliver(
    session: Session, user: User | None, mail: Mail, event: AccountEvent, *, vault: Vault, now: datetime
) -> Mail:
    """Put the mail into the outbox, in the transaction that causes it."""
    enqueue_mail(session, user, mail, event, vault=vault, now=now)
    return mail


def imitate_instructions(email: str, url_fun: UrlFun, *, vault: Vault) -> None:
    """Write and encrypt a mail with a link, and throw it away: for an e-mail whose owner is sent none.

    So it costs what it costs to answer somebody who is, but for two rows.
    """
    url = url_fun(secrets.token_urlsafe(tokens.BYTES))
    seal_mail(reset_password_instructions(email[:MAX_POINTS], url), vault)


def _letter(to: str, subject: str, sentence: str, what: str, closing: str, *, action: str = "") -> Mail:
    """A mail whose text is as the specification has it, and its HTML as incidents are told.

    `what` stands between the sentences: a link, whose button says `action`, or what is told without one.
    """
    title = action or subject
    values = {"title": title, "email": to, "sentence": sentence, "what": what, "closing": closing}
    html = render_text(__package__, "letter.html", **values, action=action)
    return Mail(to, subject, _frame(to, sentence, what, closing), html)


def _frame(email: str, sentence: str, link: str, closing: str) -> str:
    return "\n\n".join(["", _RULE, f"Hi {email},", sentence, link, closing, _RULE])[1:] + "\n"
