"""Who asks, in one statement: what every signed-in request begins with."""

from datetime import datetime

from sqlalchemy.orm import Session

from emeter_core.accounts import tokens
from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.sessions import SEEN_EVERY, touch_session
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.scope import Scope


def get_scope_by_session_token(session: Session, token: bytes, *, now: datetime) -> Scope | None:
    """The scope of the user whose session this is, in the oldest of their teams; notes that it was seen.

    None for a token that is unknown, ended or 60 days old, and for a user who is in no team.
    """
    found = (
        tokens.session_query(token, now=now)
        .join(Membership, Membership.user_id == User.id)
        .join(Team, Team.id == Membership.team_id)
        .outerjoin(UserSession, UserSession.user_token_id == UserToken.id)
        .add_columns(Team, Membership.role, UserSession.seen_at)
        .order_by(Membership.inserted_at, Team.id)
        .limit(1)
    )
    row = session.execute(found).one_or_none()
    if row is None:
        return None
    user, team, role, seen_at = row
    # Asked here, that the write once a minute costs the other requests no statement.
    if seen_at is not None and seen_at <= now - SEEN_EVERY:
        touch_session(session, token, now=now)
    return Scope(user, team, Role(role))
