"""Another e-mail for an account: asked for with the password, and proved by a link."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from emeter_core.accounts import tokens, user_notifier
from emeter_core.accounts.changeset import Attributes, Changeset, cast, text_errors
from emeter_core.accounts.email_rules import TAKEN, email_errors, is_taken
from emeter_core.accounts.locks import hold_password, lock_user
from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.password import current_password_errors
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import AccountEvent, UrlFun
from emeter_core.mail import Mail
from emeter_core.outbox import readdress_channels
from emeter_core.vault import Vault

_REQUIRED = ("email",)
_UNCHANGED = "did not change"


@dataclass(frozen=True, slots=True)
class EmailChange:
    """A valid e-mail that a user wants in the place of the current one; nothing is saved yet."""

    user: User
    current_email: str
    email: str


def change_user_email(session: Session, user: User, attrs: Attributes) -> Changeset:
    """Hold what a form says (`email`) against the rules of a user's new e-mail."""
    return cast(attrs, _REQUIRED, {"email": _errors(session, user, attrs)})


def apply_user_email(user: User, current_password: str | None, changes: Changeset) -> EmailChange:
    """The change, where the password is the user's; outside transactions, for it hashes.

    `changes` are those of `change_user_email`. Raises Invalid with all that is wrong, there and here.
    """
    changes.require_valid({"current_password": current_password_errors(user, current_password)})
    return EmailChange(user, user.email, changes.changes["email"])


def deliver_update_email_instructions(
    session: Session, change: EmailChange, url_fun: UrlFun, *, vault: Vault, now: datetime
) -> Mail:
    """Mail the link that proves the new e-mail, to the new e-mail.

    Raises NotFound where the user's password was changed since they proved it.
    """
    hold_password(session, change.user)
    context = tokens.change_context(change.current_email)
    token, row = tokens.build_email_token(change.user.id, context, sent_to=change.email, now=now)
    session.add(row)
    mail = user_notifier.update_email_instructions(change.email, url_fun(token))
    return user_notifier.deliver(session, change.user, mail, AccountEvent.EMAIL_CHANGE, vault=vault, now=now)


def update_user_email(session: Session, user: User, token: str, *, vault: Vault, now: datetime) -> bool:
    """Change the user's e-mail to the one that the token went to, and tell the old one.

    Where the teams that they own tell alerts to the old one, they tell them to the new one from now on.

    False, with nothing changed and the token kept, where the link is not this user's for the e-mail they
    have, is older than 7 days, or leads to an e-mail that somebody else has taken by now.
    """
    old = user.email
    locked = lock_user(session, user.id)
    email = _proved_email(session, user.id, old, token, now=now)
    if locked is None or locked.email != old or _errors(session, locked, {"email": email}):
        return False
    if not _write(session, locked, email, now=now):
        return False
    tokens.delete_tokens(session, locked, tokens.change_context(old))
    readdress_channels(session, _teams_owned_by(session, locked), old, email, now=now)
    mail = user_notifier.email_changed(old, locked.email)
    user_notifier.deliver(session, locked, mail, AccountEvent.EMAIL_CHANGED, vault=vault, now=now)
    return True


def _errors(session: Session, user: User, attrs: Attributes) -> list[str]:
    email = attrs.get("email", user.email)
    if email == user.email:
        return [_UNCHANGED]
    if blank := text_errors(email):
        return [_UNCHANGED, *blank]
    errors = email_errors(email)
    return errors if errors or not is_taken(session, email, besides=user) else [TAKEN]


def _proved_email(session: Session, user_id: uuid.UUID, current: str, token: str, *, now: datetime) -> str:
    """The e-mail that the token went to; empty where it is no good."""
    digest = tokens.email_digest(token)
    if digest is None:
        return ""
    found = tokens.change_email_token_query(digest, user_id, current, now=now)
    row = session.scalars(found).one_or_none()
    return row.sent_to or "" if row is not None else ""


def _teams_owned_by(session: Session, user: User) -> Sequence[uuid.UUID]:
    owned = (Membership.user_id == user.id, Membership.role == Role.OWNER)
    return session.scalars(select(Membership.team_id).where(*owned)).all()


def _write(session: Session, user: User, email: str, *, now: datetime) -> bool:
    try:
        with session.begin_nested():
            user.email, user.confirmed_at, user.updated_at = email, now, now
    except IntegrityError:
        # Somebody else was faster between the question and the write.
        return False
    return True
