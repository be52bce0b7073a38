"""A person who wants an account: checked and hashed before a transaction is open."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from emeter_core.accounts.changeset import Attributes, Changeset, cast
from emeter_core.accounts.email_rules import TAKEN, email_errors, is_taken
from emeter_core.accounts.password import hash_password
from emeter_core.accounts.password_rules import password_errors

_REQUIRED = ("password", "email")


@dataclass(frozen=True, slots=True)
class Registration:
    """A valid e-mail and the hash of a valid password."""

    email: str
    hashed_password: str = field(repr=False)


def change_user_registration(session: Session, attrs: Attributes) -> Changeset:
    """Hold what a form says (`email`, `password`) against all rules, that of one e-mail per user too."""
    changes = _check(attrs)
    if "email" not in changes.errors and is_taken(session, changes.changes["email"]):
        return cast(attrs, _REQUIRED, {**changes.errors, "email": [TAKEN]})
    return changes


def prepare_registration(
    email: str | None, password: str | None, *, rounds: int | None = None
) -> Registration:
    """Check e-mail and password, and hash; raises Invalid with all that is wrong, newest rule first.

    Whether the e-mail is taken it cannot know without a database; `change_user_registration` does, before,
    and `register_user` decides.
    """
    checked = _check({"email": email, "password": password})
    checked.require_valid()
    changes = checked.changes
    return Registration(changes["email"], hash_password(changes["password"], rounds=rounds))


def _check(attrs: Attributes) -> Changeset:
    errors = {"email": email_errors(attrs.get("email")), "password": password_errors(attrs.get("password"))}
    return cast(attrs, _REQUIRED, errors)
