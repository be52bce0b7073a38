"""Passwords: bcrypt, and nothing that bcrypt would ignore."""

from collections.abc import Hashable
from functools import partial

import bcrypt

from emeter_core.accounts import hash_slots
from emeter_core.accounts.user import User

# The cost of a hash, as a power of two; read at each hash, so that tests can set it to 4.
ROUNDS = 12
MAX_BYTES = 72

SLOTS = hash_slots.of_this_user()
# What is hashed in the place of a password that cannot be.
_UNUSABLE = b"-"


def hash_password(password: str, *, rounds: int | None = None) -> str:
    """Hash a valid password; a quarter of a second at the default cost, so outside transactions.

    Raises Busy where too many are being hashed at this moment, as all that hashes.
    """
    salt = bcrypt.gensalt(rounds or ROUNDS)
    return SLOTS.run(partial(bcrypt.hashpw, _bytes(password), salt)).decode("ascii")


def valid_password(user: User | None, password: str, *, first: bool = False) -> bool:
    """Whether it is the user's password; outside transactions, for it hashes.

    Nobody's, an empty and an overlong password cost a hash too: who measures learns nothing. `first` is for
    those whom a flood of others shall not keep out: a few at a time of each account.
    """
    if user is None:
        return verify_password(_dummy_hash(), password)
    return verify_password(user.hashed_password or _dummy_hash(), password, first=user.id if first else None)


def current_password_errors(user: User, password: str | None) -> list[str]:
    """What is wrong with the password by which a user proves who they are; hashes in any case."""
    return [] if valid_password(user, password or "") else ["is not valid"]


def verify_password(hashed_password: str, password: str, *, first: Hashable = None) -> bool:
    """Whether the password is the one that was hashed; one that bcrypt could not take whole never is.

    Such a one costs as much time as any other wrong one (accounts.md, part 1, section 4). `first` is the
    account that goes first, if any.
    """
    given = _bytes(password)
    is_usable = 0 < len(given) <= MAX_BYTES and b"\0" not in given
    checks = partial(bcrypt.checkpw, given if is_usable else _UNUSABLE, hashed_password.encode("ascii"))
    return SLOTS.run(checks, first=first) and is_usable


def _dummy_hash() -> str:
    """What looks like a hash of today's cost, and is that of no password anybody knows."""
    return f"$2b${ROUNDS:02}${'.' * 53}"


def _bytes(password: str) -> bytes:
    # Halves of surrogate pairs come from terminals that are not UTF-8: any bytes may be a password.
    return password.encode(errors="surrogatepass")
