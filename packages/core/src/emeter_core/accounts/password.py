"""Passwords: bcrypt, and nothing that bcrypt would ignore."""

import bcrypt

DEFAULT_ROUNDS = 12
MAX_BYTES = 72


def hash_password(password: str, *, rounds: int = DEFAULT_ROUNDS) -> str:
    """Hash a valid password; a quarter of a second at the default cost, so outside transactions."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode("ascii")


def verify_password(hashed_password: str, password: str) -> bool:
    """Whether the password is the one that was hashed; one that bcrypt could not take whole never is."""
    given = password.encode(errors="surrogatepass")
    if not given or len(given) > MAX_BYTES or b"\0" in given:
        return False
    return bcrypt.checkpw(given, hashed_password.encode("ascii"))
