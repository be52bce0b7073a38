"""Which e-mails an account may have."""

import re

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from emeter_core.accounts.changeset import text_errors
from emeter_core.accounts.lengths import is_longer
from emeter_core.accounts.user import User

TAKEN = "has already been taken"

# accounts.md, part 1, section 5.
_EMAIL = re.compile(r"[^@,;\s]+@[^@,;\s]+", re.ASCII)
_MAX = 160
# In code points: `users_tokens` has 255 for the context `change:<e-mail>`.
MAX_POINTS = 248


def email_errors(email: object) -> list[str]:
    """What is wrong with an e-mail, the rule that failed last first."""
    errors = text_errors(email)
    if errors or not isinstance(email, str):
        return errors
    if len(email) > MAX_POINTS or is_longer(email, _MAX):
        errors.append(f"should be at most {_MAX} character(s)")
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        errors.append("must have the @ sign and no spaces")
    return errors


def is_taken(session: Session, email: object, *, besides: User | None = None) -> bool:
    """Whether a user has this good e-mail, in any case; `besides` leaves one out."""
    other = exists().where(User.email == email)
    if besides is not None:
        other = other.where(User.id != besides.id)
    return bool(session.scalar(select(other)))
