"""Another password for an account, by whoever knows the current one."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from emeter_core.accounts import tokens
from emeter_core.accounts.changeset import Attributes, Changeset, cast
from emeter_core.accounts.locks import lock_user
from emeter_core.accounts.password import current_password_errors, hash_password
from emeter_core.accounts.password_rules import confirmation_errors, password_errors
from emeter_core.accounts.user import User
from emeter_core.errors import Invalid, NotFound

_REQUIRED = ("password",)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The hash of a user's valid new password, and the hash that it takes the place of."""

    user_id: uuid.UUID
    hashed_password: str = field(repr=False)
    replaces: str = field(repr=False)


def change_user_password(user: User, attrs: Attributes) -> Changeset:
    """Hold what a form says (`password`, and `password_confirmation` where it asks) against the rules."""
    errors = {
        "password": password_errors(attrs.get("password"), email=user.email),
        "password_confirmation": confirmation_errors(attrs),
    }
    return cast(attrs, _REQUIRED, errors)


def prepare_password_change(user: User, current_password: str | None, changes: Changeset) -> PasswordChange:
    """The change, where the current password is right; outside transactions, for it hashes twice.

    `changes` are those of `change_user_password`. Raises Invalid with all that is wrong, there and here.
    """
    changes.require_valid({"current_password": current_password_errors(user, current_password)})
    return hashed(user, changes)


def update_user_password(session: Session, change: PasswordChange, *, now: datetime) -> User:
    """Write the new password, and end all sessions and links of the user, this session too.

    Raises Invalid where the password that was proved is no longer the current one.
    """
    try:
        return write(session, change, now=now)
    except NotFound:
        raise Invalid({"current_password": ["is not valid"]}) from None


def hashed(user: User, changes: Changeset) -> PasswordChange:
    """Hash what was checked; outside transactions."""
    return PasswordChange(user.id, hash_password(changes.changes["password"]), user.hashed_password)


def write(session: Session, change: PasswordChange, *, now: datetime) -> User:
    """Write the new hash and delete all tokens; raises NotFound where another was written meanwhile."""
    user = lock_user(session, change.user_id)
    # Two who change it at once: the lock puts them in order, and the second finds another hash.
    if user is None or user.hashed_password != change.replaces:
        raise NotFound("There is no such user, or their password was changed just now.")
    user.hashed_password, user.updated_at = change.hashed_password, now
    session.flush()
    tokens.delete_tokens(session, user)
    return user
