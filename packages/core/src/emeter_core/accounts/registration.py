"""A person who wants an account: checked and hashed before a transaction is open."""

import re
from dataclasses import dataclass

from emeter_core.accounts.password import DEFAULT_ROUNDS, MAX_BYTES, hash_password
from emeter_core.errors import Invalid

# accounts.md, part 1, section 5.
_EMAIL = re.compile(r"[^@,;\s]+@[^@,;\s]+", re.ASCII)
_MAX_EMAIL = 160
_MIN_PASSWORD, _MAX_PASSWORD = 12, 72


@dataclass(frozen=True, slots=True)
class Registration:
    """A valid e-mail and the hash of a valid password."""

    email: str
    hashed_password: str


def prepare_registration(email: str, password: str, *, rounds: int = DEFAULT_ROUNDS) -> Registration:
    """Check e-mail and password, and hash; raises Invalid with all that is wrong, newest rule first."""
    errors = {"email": _email_errors(email), "password": _password_errors(password)}
    wrong = {field: messages for field, messages in errors.items() if messages}
    if wrong:
        raise Invalid(wrong)
    return Registration(email, hash_password(password, rounds=rounds))


def _email_errors(email: str) -> list[str]:
    if not email.strip():
        return ["can't be blank"]
    errors = []
    if len(email) > _MAX_EMAIL:
        errors.append(f"should be at most {_MAX_EMAIL} character(s)")
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        errors.append("must have the @ sign and no spaces")
    return errors


def _password_errors(password: str) -> list[str]:
    if not password.strip():
        return ["can't be blank"]
    if len(password) < _MIN_PASSWORD:
        return [f"should be at least {_MIN_PASSWORD} character(s)"]
    if len(password) > _MAX_PASSWORD:
        return [f"should be at most {_MAX_PASSWORD} character(s)"]
    if len(password.encode(errors="surrogatepass")) > MAX_BYTES:
        return [f"should be at most {MAX_BYTES} byte(s)"]
    if "\0" in password:
        return ["must not hold a NUL character"]
    return []
