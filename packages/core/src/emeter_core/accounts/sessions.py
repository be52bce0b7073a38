"""Sessions: a token in a browser, a row that recognises it, and what its owner is shown of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from emeter_core.accounts import tokens
from emeter_core.accounts.device import name_device
from emeter_core.accounts.locks import hold_password, lock_user
from emeter_core.accounts.user import User
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.errors import NotFound
from emeter_core.ids import read_uuid
from emeter_storage.statements import affected_rows

# How exact "last seen" is: a write a minute, not one per request.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A living session as its owner sees it. `is_current` marks the one that asks."""

    id: uuid.UUID
    device: str
    address: str | None
    seen_at: datetime
    inserted_at: datetime
    is_current: bool


def generate_user_session_token(
    session: Session, user: User, *, device: str, address: str | None, now: datetime
) -> bytes:
    """Begin a session: the 32 bytes for the browser. `device` is its User-Agent, `address` its IP.

    Raises NotFound where the user is gone, or their password was changed since they were read.
    """
    hold_password(session, user)
    token, row = tokens.build_session_token(user, now=now)
    session.add(row)
    session.flush()
    session.add(
        UserSession(
            user_id=user.id,
            user_token_id=row.id,
            device=name_device(device),
            address=_read_address(address),
            seen_at=now,
            inserted_at=now,
        )
    )
    session.flush()
    return token


def get_user_by_session_token(session: Session, token: bytes, *, now: datetime) -> User | None:
    """The user whose session this is; None for a token that is unknown, ended or 60 days old."""
    return session.scalars(tokens.session_query(token, now=now)).one_or_none()


def delete_session_token(session: Session, token: bytes) -> None:
    """End the session of this token; all is well where there is none."""
    session.execute(delete(UserToken).where(*_is_session(token)))


def touch_session(session: Session, token: bytes, *, now: datetime) -> bool:
    """Note that the session was seen; whether that was written, once a minute at most.

    To be committed at once: whoever ends the session waits for it, and may hold what the request asks next.
    """
    stale = (
        select(UserSession.id)
        .join(UserToken, UserToken.id == UserSession.user_token_id)
        .where(*_is_session(token), UserSession.seen_at <= now - SEEN_EVERY)
        # Whoever of two requests comes second has nothing to add, and does not wait.
        .with_for_update(of=UserSession, skip_locked=True)
    )
    touched = update(UserSession).where(UserSession.id.in_(stale)).values(seen_at=now)
    return session.scalars(touched.returning(UserSession.id)).one_or_none() is not None


def list_sessions(
    session: Session, user: User, *, now: datetime, current: bytes = b"", limit: int | None = None
) -> list[ListedSession]:
    """The user's living sessions, that of the token `current` first, then the last seen; at most `limit`."""
    is_current = UserToken.token == tokens.digest(current)
    found = (
        select(UserSession, is_current)
        .join(UserToken, UserToken.id == UserSession.user_token_id)
        .where(*_lives(user, now))
        .order_by(
            is_current.desc(), UserSession.seen_at.desc(), UserSession.inserted_at.desc(), UserSession.id
        )
        .limit(limit)
    )
    return [
        ListedSession(row.id, row.device, row.address, row.seen_at, row.inserted_at, is_asking)
        for row, is_asking in session.execute(found)
    ]


def count_sessions(session: Session, user: User, *, now: datetime) -> int:
    """How many living sessions the user has."""
    living = select(func.count(UserSession.id)).join(UserToken, UserToken.id == UserSession.user_token_id)
    return session.scalar(living.where(*_lives(user, now))) or 0


def end_session(session: Session, user: User, session_id: uuid.UUID | str) -> None:
    """End one session of the user; raises NotFound where it is not theirs, or has ended."""
    theirs = select(UserSession.user_token_id).where(
        UserSession.id == read_uuid(session_id), UserSession.user_id == user.id
    )
    ended = delete(UserToken).where(UserToken.id.in_(theirs)).returning(UserToken.id)
    if session.scalars(ended).one_or_none() is None:
        raise NotFound("There is no such session.")


def end_other_sessions(session: Session, user: User, token: bytes) -> int:
    """End all sessions of the user but the one of `token`; how many there were."""
    lock_user(session, user.id)
    others = delete(UserToken).where(
        UserToken.user_id == user.id,
        UserToken.context == tokens.SESSION,
        UserToken.token != tokens.digest(token),
    )
    return affected_rows(session.execute(others))


def _lives(user: User, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return UserSession.user_id == user.id, UserToken.inserted_at > now - tokens.SESSION_LIFETIME


def _is_session(token: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return UserToken.token == tokens.digest(token), UserToken.context == tokens.SESSION


def _read_address(address: str | None) -> str | None:
    """The address as PostgreSQL takes it: no zone, and an IPv4 that was mapped as itself."""
    try:
        read = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
    return str(mapped or read)
