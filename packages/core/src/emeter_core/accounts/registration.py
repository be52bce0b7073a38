"""A person who wants an account: checked and hashed before a transaction is open."""

from dataclasses import dataclass, field

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from emeter_core.accounts.changeset import Attributes, Changeset, cast
from emeter_core.accounts.email_rules import TAKEN, email_errors, is_taken
from emeter_core.accounts.password import hash_password
from emeter_core.accounts.password_rules import password_errors
from emeter_core.accounts.user import User
from emeter_storage.errors import UserError

_REQUIRED = ("password", "email")


class RegistrationClosed(UserError):  # noqa: N818 - as its neighbours NotFound and Invalid
    """Registration is closed (EMETER_REGISTRATION), and somebody has an account already."""


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


def is_registration_open(session: Session, setting: str) -> bool:
    """Whether strangers may register: EMETER_REGISTRATION is `open`, or nobody has an account yet."""
    return setting == "open" or not session.scalar(select(exists(select(User.id))))


def require_nobody(session: Session) -> None:
    """Keep it so until the transaction ends that nobody has an account.

    Raises RegistrationClosed where somebody has. Of two at once the second waits for the first, also where
    that is `emeter user create`.
    """
    if is_registration_open(session, "closed"):
        session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    if not is_registration_open(session, "closed"):
        raise RegistrationClosed("Registration is closed, and somebody has an account already.")


def _check(attrs: Attributes) -> Changeset:
    email = attrs.get("email")
    wrong = email_errors(email)
    # What is no e-mail has no owner whose name could be guessed, and may be of any length.
    errors = {
        "email": wrong,
        "password": password_errors(attrs.get("password"), email=None if wrong else email),
    }
    return cast(attrs, _REQUIRED, errors)
