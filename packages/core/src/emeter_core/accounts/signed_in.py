"""Who asks, in one statement: what every signed-in request begins with, and whether that has ended."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import tokens
from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.sessions import SEEN_EVERY
from emeter_core.accounts.team import Team, TeamOf
from emeter_core.accounts.user import User
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.scope import Scope


class SignedIn(NamedTuple):
    """Who asks, in which team and as what.

    `is_stranger` says that the request is about something of a team they are no member of, or of none;
    `is_unnoticed` that it is time for `touch_session`.
    """

    scope: Scope
    is_stranger: bool
    is_unnoticed: bool = False


class Seat(NamedTuple):
    """A place in a team: whoever has the session's token acts there in this role."""

    token: bytes
    team_id: uuid.UUID
    role: Role


def get_signed_in(
    session: Session, token: bytes, *, now: datetime, team_of: TeamOf | None = None
) -> SignedIn | None:
    """The user whose session this is, acting in the team that `team_of` finds.

    Where it finds none that they are a member of, or is None, that is the oldest of their teams. None for a
    token that is unknown, ended or 60 days old, and for a user who is in no team.
    """
    is_wanted = _is_wanted(team_of).label("is_wanted")
    found = (
        tokens.session_query(token, now=now)
        .join(Membership, Membership.user_id == User.id)
        .join(Team, Team.id == Membership.team_id)
        .outerjoin(UserSession, UserSession.user_token_id == UserToken.id)
        .add_columns(Team, Membership.role, UserSession.seen_at, is_wanted)
        .order_by(is_wanted.desc(), Membership.inserted_at, Team.id)
        .limit(1)
    )
    row = session.execute(found).one_or_none()
    if row is None:
        return None
    user, team, role, seen_at, is_in_wanted = row
    is_stranger = team_of is not None and not is_in_wanted
    # Asked here, that the write once a minute costs the other requests no statement.
    is_unnoticed = seen_at is not None and seen_at <= now - SEEN_EVERY
    return SignedIn(Scope(user, team, Role(role)), is_stranger, is_unnoticed)


def live_seats(session: Session, seats: Collection[Seat], *, now: datetime) -> set[Seat]:
    """Those of the seats that are what they were, in one statement: for streams that stay open.

    One is gone with its session, its user or their membership, and where they have another role.
    """
    known = {(tokens.digest(seat.token), seat.team_id, seat.role.value): seat for seat in seats}
    if not known:
        return set()
    found = session.execute(
        select(UserToken.token, Membership.team_id, Membership.role)
        .join(Membership, Membership.user_id == UserToken.user_id)
        .where(
            UserToken.token.in_({token for token, _, _ in known}),
            UserToken.context == tokens.SESSION,
            UserToken.inserted_at > now - tokens.SESSION_LIFETIME,
            Membership.team_id.in_({team_id for _, team_id, _ in known}),
        )
    )
    return {known[key] for each in found if (key := tuple(each)) in known}


def _is_wanted(team_of: TeamOf | None) -> ColumnElement[bool]:
    if team_of is None:
        return false()
    return func.coalesce(Membership.team_id == team_of.scalar_subquery(), false())
