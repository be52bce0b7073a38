"""Passwords: bcrypt, and nothing that bcrypt would ignore."""

import bcrypt

DEFAULT_ROUNDS = 12
MAX_BYTES = 72


def hash_password(password: str, *, rounds: int = DEFAULT_ROUNDS) -> str:
    """Hash a valid password; a quarter of a second at the default cost, so outside transactions."""
    return bcrypt.hashpw(_bytes(password), bcrypt.gensalt(rounds)).decode("ascii")


def verify_password(hashed_password: str, password: str) -> bool:
    """Whether the password is the one that was hashed; one that bcrypt could not take whole never is.

    Such a one costs as much time as any other wrong one (accounts.md, part 1, section 4).
    """
    given = _bytes(password)
    is_usable = 0 < len(given) <= MAX_BYTES and b"\0" not in given
    matches = bcrypt.checkpw(given if is_usable else _UNUSABLE, hashed_password.encode("ascii"))
    return is_usable and matches


# What is hashed in the place of a password that cannot be.
_UNUSABLE = b"-"


def _bytes(password: str) -> bytes:
    # Halves of surrogate pairs come from terminals that are not UTF-8: any bytes may be a password.
    return password.encode(errors="surrogatepass")
