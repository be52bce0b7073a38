"""A new password for whoever forgot theirs, by a link to their e-mail."""

from datetime import datetime

from sqlalchemy.orm import Session

from emeter_core.accounts import password_change, tokens, user_notifier
from emeter_core.accounts.changeset import Changeset
from emeter_core.accounts.enough_links import has_enough_links
from emeter_core.accounts.locks import lock_user
from emeter_core.accounts.password_change import PasswordChange
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import AccountEvent, UrlFun
from emeter_core.errors import NotFound
from emeter_core.mail import Mail
from emeter_core.vault import Vault


def deliver_user_reset_password_instructions(
    session: Session, user: User, url_fun: UrlFun, *, vault: Vault, now: datetime
) -> Mail | None:
    """Mail a link that sets a new password within a day; earlier links stay good.

    None, and no mail, where five of the last hour are good. Raises NotFound where the user is gone.
    """
    if has_enough_links(session, user, tokens.RESET_PASSWORD, now=now):
        return None
    token, row = tokens.build_email_token(user.id, tokens.RESET_PASSWORD, sent_to=user.email, now=now)
    session.add(row)
    mail = user_notifier.reset_password_instructions(user.email, url_fun(token))
    return user_notifier.deliver(session, user, mail, AccountEvent.PASSWORD_RESET, vault=vault, now=now)


def issue_reset_password_token(session: Session, user: User, *, now: datetime) -> str:
    """End all sessions of the user, and make the token of a link that sets a new password within a day.

    Nothing is mailed: it is for an operator to hand over.
    """
    # Locked, nobody who has just proved the password begins a session that would outlive this.
    locked = lock_user(session, user.id)
    if locked is None:
        raise NotFound("There is no such user.")
    tokens.delete_tokens(session, locked, tokens.SESSION)
    token, row = tokens.build_email_token(locked.id, tokens.RESET_PASSWORD, sent_to=locked.email, now=now)
    session.add(row)
    session.flush()
    return token


def get_user_by_reset_password_token(session: Session, token: str, *, now: datetime) -> User | None:
    """The user whose link this is; it stays good. None where it is unknown, old, or went elsewhere."""
    digest = tokens.email_digest(token)
    if digest is None:
        return None
    found = tokens.email_token_query(digest, tokens.RESET_PASSWORD, now=now)
    return session.scalars(found).one_or_none()


def prepare_password_reset(user: User, changes: Changeset) -> PasswordChange:
    """The change; outside transactions, for it hashes.

    `changes` are those of `change_user_password`. Raises Invalid with all that is wrong.
    """
    changes.require_valid()
    return password_change.hashed(user, changes)


def reset_user_password(session: Session, change: PasswordChange, *, now: datetime) -> User:
    """Write the new password, and end all sessions and links of the user, this link too.

    Raises NotFound where the password was changed since the link was looked up: it serves once.
    """
    return password_change.write(session, change, now=now)
