"""Locks that put in order what happens to one user at the same time.

Who changes an account locks the user before any of their tokens, so that no two wait for each other.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.accounts.user import User
from emeter_core.errors import NotFound


def lock_user(session: Session, user_id: uuid.UUID) -> User | None:
    """Lock the user and read them anew; who merely refers to them, as a mail does, need not wait."""
    locked = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return session.scalars(locked, execution_options={"populate_existing": True}).one_or_none()


def hold_password(session: Session, user: User) -> None:
    """Keep the user's password as it is until the transaction ends.

    Raises NotFound where the user is gone, or has another password than when they were read: whoever
    proved the old one while it was changed stays outside.
    """
    held = select(User.hashed_password).where(User.id == user.id).with_for_update(read=True)
    if session.scalars(held).one_or_none() != user.hashed_password:
        raise NotFound("There is no such user, or their password was changed just now.")
