"""How tokens are made, written down, found again, and how long they live."""

import base64
import hashlib
import re
import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Text, cast, delete, or_, select
from sqlalchemy.orm import Session

from emeter_core.accounts.user import User
from emeter_core.accounts.user_token import UserToken
from emeter_storage.statements import affected_rows

SESSION, CONFIRM, RESET_PASSWORD = "session", "confirm", "reset_password"
_CHANGE = "change:"

SESSION_LIFETIME = timedelta(days=60)
_LIFETIMES = {
    SESSION: SESSION_LIFETIME,
    CONFIRM: timedelta(days=7),
    RESET_PASSWORD: timedelta(days=1),
}
_CHANGE_LIFETIME = timedelta(days=7)

BYTES = 32
_BASE64 = re.compile(r"[A-Za-z0-9_-]*={0,2}", re.ASCII)


def change_context(email: str) -> str:
    """The context of a token by which the user with this e-mail changes it."""
    return _CHANGE + email


def build_session_token(user: User, *, now: datetime) -> tuple[bytes, UserToken]:
    """A new session: the bytes for the browser, and the row that recognises them."""
    token = secrets.token_bytes(BYTES)
    return token, UserToken(user_id=user.id, token=digest(token), context=SESSION, inserted_at=now)


def build_email_token(
    user_id: uuid.UUID, context: str, *, sent_to: str, now: datetime
) -> tuple[str, UserToken]:
    """A new link for a mail: 43 characters for its URL, and the row that recognises them."""
    token = secrets.token_bytes(BYTES)
    row = UserToken(user_id=user_id, token=digest(token), context=context, sent_to=sent_to, inserted_at=now)
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode("ascii"), row


def digest(token: bytes) -> bytes:
    """What is stored of a token: who reads the table can log in with nothing of it."""
    return hashlib.sha256(token).digest()


def email_digest(token: str) -> bytes | None:
    """What is stored of a token out of a link; None where no link of ours could hold it."""
    if not _BASE64.fullmatch(token):
        return None  # Python's decoder would drop what is foreign, and read the rest
    unpadded = token.rstrip("=")
    try:
        return digest(base64.urlsafe_b64decode(unpadded + "=" * (-len(unpadded) % 4)))
    except ValueError:
        return None


def session_query(token: bytes, *, now: datetime) -> Select[User]:
    """The user whose living session this is."""
    return (
        select(User)
        .join(UserToken, UserToken.user_id == User.id)
        .where(
            UserToken.token == digest(token),
            UserToken.context == SESSION,
            UserToken.inserted_at > now - SESSION_LIFETIME,
        )
    )


def email_token_query(token: bytes, context: str, *, now: datetime) -> Select[User]:
    """The user to whose present address this living token went; `token` as `email_digest` gives it."""
    return (
        select(User)
        .join(UserToken, UserToken.user_id == User.id)
        .where(
            UserToken.token == token,
            UserToken.context == context,
            UserToken.inserted_at > now - _LIFETIMES[context],
            # As text, that is with its case: citext would take any spelling for the same.
            UserToken.sent_to == cast(User.email, Text),
        )
    )


def change_email_token_query(
    token: bytes, user_id: uuid.UUID, email: str, *, now: datetime
) -> Select[UserToken]:
    """The living token by which this user changes the e-mail that they had when they asked."""
    return select(UserToken).where(
        UserToken.user_id == user_id,
        UserToken.token == token,
        UserToken.context == change_context(email),
        UserToken.inserted_at > now - _CHANGE_LIFETIME,
    )


def delete_tokens(session: Session, user: User, context: str | None = None) -> None:
    """Delete the user's tokens of this context; without one, all that they have."""
    theirs = delete(UserToken).where(UserToken.user_id == user.id)
    session.execute(theirs if context is None else theirs.where(UserToken.context == context))


def purge(session: Session, *, now: datetime) -> int:
    """Delete the tokens whose time is over, of all users; how many there were. A daily chore.

    Those that somebody else is about to delete are left to them, or to tomorrow.
    """
    expired = select(UserToken.id).where(_is_expired(now)).with_for_update(skip_locked=True)
    purged = delete(UserToken).where(UserToken.id.in_(expired)).execution_options(synchronize_session=False)
    return affected_rows(session.execute(purged))


def _is_expired(now: datetime) -> ColumnElement[bool]:
    """Whether a token's time is over."""
    expired = [
        (UserToken.context == context) & (UserToken.inserted_at <= now - lifetime)
        for context, lifetime in _LIFETIMES.items()
    ]
    changes = UserToken.context.startswith(_CHANGE) & (UserToken.inserted_at <= now - _CHANGE_LIFETIME)
    return or_(*expired, changes)
