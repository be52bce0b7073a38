"""Users and the teams they act in."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from emeter_core.accounts.email_rules import MAX_POINTS, TAKEN
from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.registration import Registration, require_nobody
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.characters import is_storable
from emeter_core.errors import Invalid, NotFound
from emeter_core.ids import read_uuid
from emeter_core.outbox import add_first_channel
from emeter_core.scope import Scope


def register_user(
    session: Session, registration: Registration, *, now: datetime, only_first: bool = False
) -> User:
    """Create a user, with a team of their own that is told by mail.

    Raises Invalid where the e-mail is taken, in any case; with `only_first`, which is for a registration that
    is closed, RegistrationClosed where somebody has an account already.
    """
    if only_first:
        require_nobody(session)
    if get_user_by_email(session, registration.email) is not None:
        raise Invalid({"email": [TAKEN]})
    user = User(
        email=registration.email,
        hashed_password=registration.hashed_password,
        inserted_at=now,
        updated_at=now,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        # Somebody else was faster between the question and the insert.
        raise Invalid({"email": [TAKEN]}) from None
    _found_team(session, user, now=now)
    return user


def ensure_team(session: Session, user: User, *, now: datetime) -> None:
    """Give the user a team of their own where they belong to none, as at registration.

    They would log in, and be nobody on every page. Of two log-ins at once the second finds the team.
    """
    belongs = select(exists(select(Membership.user_id).where(Membership.user_id == user.id)))
    if session.scalar(belongs):
        return
    # Not `lock_user`, which reads the user anew: with which password they were read is still to be asked.
    locked = select(User.id).where(User.id == user.id).with_for_update(key_share=True)
    if session.scalar(locked) is not None and not session.scalar(belongs):
        _found_team(session, user, now=now)


def get_user_by_email(session: Session, email: str) -> User | None:
    """The user with this e-mail, whatever its case."""
    # Nobody has a longer one, and it may be of any length.
    if len(email) > MAX_POINTS or not is_storable(email):
        return None
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def get_user(session: Session, user_id: uuid.UUID | str) -> User:
    """The user with this id; raises NotFound where there is none, or the id is malformed."""
    user = session.scalars(select(User).where(User.id == read_uuid(user_id))).one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def list_users(session: Session, *, limit: int = 2) -> Sequence[User]:
    """The oldest users, at most `limit`: enough to tell whether there is just one."""
    return session.scalars(select(User).order_by(User.inserted_at, User.id).limit(limit)).all()


def scope_of(session: Session, user: User, team_id: uuid.UUID | str | None = None) -> Scope:
    """The scope of a user in one of their teams: the one named, else the oldest they belong to.

    Raises NotFound where the user is no member of it, or where the id is malformed.
    """
    found = (
        select(Team, Membership.role)
        .join(Membership, Membership.team_id == Team.id)
        .where(Membership.user_id == user.id)
        .order_by(Membership.inserted_at, Team.id)
        .limit(1)
    )
    if team_id is not None:
        found = found.where(Team.id == read_uuid(team_id))
    row = session.execute(found).one_or_none()
    if row is None:
        raise NotFound("There is no such team among those of this user.")
    return Scope(user, row[0], Role(row[1]))


def _found_team(session: Session, user: User, *, now: datetime) -> None:
    """Make a team that the user owns, and that is told by mail."""
    name = user.email.partition("@")[0][:100]
    team = Team(name=f"{name}'s team", time_zone="UTC", inserted_at=now, updated_at=now)
    session.add(team)
    session.flush()
    session.add(Membership(team_id=team.id, user_id=user.id, role=Role.OWNER, inserted_at=now))
    add_first_channel(session, team.id, user.email, now=now)
