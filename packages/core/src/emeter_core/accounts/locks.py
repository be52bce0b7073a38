"""Locks that put in order what happens to one user at the same time.

Whoever deletes more than one token of a user locks the user first, and whoever writes that a user did
something holds them before they write it: so no two wait for each other. What ends one session takes its
token and then waits for nobody; that a session was seen is a transaction of its own; `purge` passes by what
others hold.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.accounts.user import User
from emeter_core.errors import NotFound


def lock_user(session: Session, user_id: uuid.UUID, *, goes: bool = False) -> User | None:
    """Lock the user and read them anew; who merely refers to them, as a mail does, need not wait.

    With `goes` they wait too, and find nobody: for one who is about to be deleted.
    """
    locked = select(User).where(User.id == user_id).with_for_update(key_share=not goes)
    return session.scalars(locked, execution_options={"populate_existing": True}).one_or_none()


def hold_password(session: Session, user: User) -> None:
    """Keep the user's password as it is until the transaction ends.

    Raises NotFound where the user is gone, or has another password than when they were read: whoever
    proved the old one while it was changed stays outside.
    """
    held = select(User.hashed_password).where(User.id == user.id).with_for_update(read=True)
    if session.scalars(held).one_or_none() != user.hashed_password:
        raise NotFound("There is no such user, or their password was changed just now.")


def hold_user(session: Session, user: User) -> None:
    """Keep the user there until the transaction ends, for what is about to refer to them.

    Raises NotFound where they are gone: their account was deleted while they did something.
    """
    held = select(User.id).where(User.id == user.id).with_for_update(read=True, key_share=True)
    if session.scalars(held).one_or_none() is None:
        raise NotFound("There is no such user any more.")
