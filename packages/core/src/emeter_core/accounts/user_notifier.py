"""The mails about accounts: their words, and the way into the outbox."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from emeter_core.accounts.user import User
from emeter_core.mail import Mail
from emeter_core.outbox import enqueue_mail
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


def confirmation_instructions(email: str, url: str) -> Mail:
    """How to confirm an account."""
    return Mail(
        to=email,
        subject="Confirmation instructions",
        text=_frame(
            email,
            "You can confirm your account by visiting the URL below:",
            url,
            "If you didn't create an account with us, please ignore this.",
        ),
    )


def reset_password_instructions(email: str, url: str) -> Mail:
    """How to set a new password."""
    return Mail(
        to=email,
        subject="Reset password instructions",
        text=_frame(
            email,
            "You can reset your password by visiting the URL below:",
            url,
            "If you didn't request this change, please ignore this.",
        ),
    )


def update_email_instructions(email: str, url: str) -> Mail:
    """How to change to this e-mail."""
    return Mail(
        to=email,
        subject="Update email instructions",
        text=_frame(
            email,
            "You can change your email by visiting the URL below:",
            url,
            "If you didn't request this change, please ignore this.",
        ),
    )


def email_changed(old: str, new: str) -> Mail:
    """What the old e-mail of an account is told; it holds no link, for it may be in wrong hands."""
    return Mail(
        to=old,
        subject="Your email was changed",
        text=_frame(
            old,
            "The email of your account was changed to:",
            new,
            "If you didn't change it, please tell whoever runs this E-Meter.",
        ),
    )


def deliver(
    session: Session, user: User, mail: Mail, event: AccountEvent, *, vault: Vault, now: datetime
) -> Mail:
    """Put the mail into the outbox, in the transaction that causes it."""
    enqueue_mail(session, user, mail, event, vault=vault, now=now)
    return mail


def _frame(email: str, sentence: str, link: str, closing: str) -> str:
    return "\n\n".join(["", _RULE, f"Hi {email},", sentence, link, closing, _RULE])[1:] + "\n"
