"""An account deleted, with the teams that nobody else belongs to and all that is theirs.

Raw results, quarter hours and hours have no foreign key: they go with their day or month, and the ids of
probes and monitors are never used again.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from emeter_core.accounts import tokens, user_notifier
from emeter_core.accounts.locks import lock_user
from emeter_core.accounts.password import current_password_errors
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import AccountEvent
from emeter_core.errors import Invalid
from emeter_core.mail import Mail
from emeter_core.vault import Vault
from emeter_storage.statements import affected_rows


@dataclass(frozen=True, slots=True)
class UserDeletion:
    """That a user wants their account deleted; `proved` is the hash of the password that they typed."""

    user_id: uuid.UUID
    proved: str = field(repr=False)


class LeftTeam(NamedTuple):
    """A team of a user who wants to go. One that is not shared goes with them.

    One that `lacks_owner` without them keeps them here.
    """

    id: uuid.UUID
    name: str
    is_shared: bool
    lacks_owner: bool
    monitors: int


_LEFT = text("""
SELECT t.id, t.name, others.people > 0, m.role = 'owner' AND others.people > 0 AND others.owners = 0,
  (SELECT count(*) FROM monitors WHERE team_id = t.id)
FROM memberships m JOIN teams t ON t.id = m.team_id, LATERAL (
  SELECT count(*) AS people, count(*) FILTER (WHERE role = 'owner') AS owners
  FROM memberships WHERE team_id = t.id AND user_id <> m.user_id
) others
WHERE m.user_id = :user_id ORDER BY t.name, t.id
""")


def teams_left_by(session: Session, user: User) -> list[LeftTeam]:
    """What would become of the user's teams if they deleted their account, by name."""
    return [LeftTeam(*row) for row in session.execute(_LEFT, {"user_id": user.id})]


def prepare_user_deletion(user: User, current_password: str | None) -> UserDeletion:
    """The wish, where the current password is right; outside transactions, for it hashes. Raises Invalid."""
    if errors := current_password_errors(user, current_password):
        raise Invalid({"current_password": errors})
    return UserDeletion(user.id, user.hashed_password)


def delete_user(session: Session, deletion: UserDeletion, *, vault: Vault, now: datetime) -> Mail | None:
    """Delete the user and what is theirs: sessions, links, mails, and the teams nobody else belongs to.

    They get a last mail; None, and no mail, where the e-mail was never confirmed: whoever registered may have
    given somebody else's, and could do it again at once. Raises Invalid, with nothing changed, where the
    password that was proved is no longer theirs, and where a team that others belong to would be without an
    owner.
    """
    user = lock_user(session, deletion.user_id, goes=True)
    if user is None or user.hashed_password != deletion.proved:
        raise Invalid({"current_password": ["is not valid"]})
    _lock_what_is_theirs(session, user)
    teams = teams_left_by(session, user)
    if kept := [team.name for team in teams if team.lacks_owner]:
        raise Invalid({"teams": [f"{name} would be without an owner: hand it over first" for name in kept]})
    gone = {team.id: team.name for team in teams if not team.is_shared}
    _drop_what_is_theirs(session, user)
    # Before the user, whose end would also come to the sessions from their other end.
    tokens.delete_tokens(session, user)
    session.execute(delete(Team).where(Team.id.in_(gone)))
    session.execute(delete(User).where(User.id == user.id))
    if user.confirmed_at is None:
        return None
    mail = user_notifier.account_deleted(user.email, list(gone.values()))
    return user_notifier.deliver(session, None, mail, AccountEvent.DELETED, vault=vault, now=now)


_THEIRS = """
SELECT m.team_id FROM memberships m WHERE m.user_id = :user_id AND NOT EXISTS (
  SELECT FROM memberships o WHERE o.team_id = m.team_id AND o.user_id <> m.user_id)
"""
_MINE = "SELECT team_id FROM memberships WHERE user_id = :user_id"
_MONITORS = f"SELECT id FROM monitors WHERE team_id IN ({_THEIRS})"  # noqa: S608 - made of our own constants

# In the order of all others who lock (ARCHITECTURE.md): the delete of a team would come from its other end.
# The teams are last, for whoever writes into one holds it until they end. Of two owners who go at once the
# second waits and sees that the first is gone; from the last lock on nobody joins a team that goes.
_LOCKS = tuple(
    text(f"SELECT count(*) FROM (SELECT FROM {lock}) locked")  # noqa: S608 - the same
    for lock in (
        f"probes WHERE monitor_id IN ({_MONITORS}) ORDER BY id FOR UPDATE",
        f"monitors WHERE team_id IN ({_THEIRS}) ORDER BY id FOR UPDATE",
        f"incidents WHERE team_id IN ({_THEIRS}) AND resolved_at IS NULL ORDER BY id FOR UPDATE",
        f"channels WHERE team_id IN ({_THEIRS}) ORDER BY id FOR UPDATE",
        f"teams WHERE id IN ({_MINE}) ORDER BY id FOR NO KEY UPDATE",
        f"teams WHERE id IN ({_THEIRS}) ORDER BY id FOR UPDATE",
    )
)

# A claim has no foreign key: it is written and deleted with every check.
_DROP_CLAIMS = text(
    f"DELETE FROM claims USING probes p WHERE p.id = claims.probe_id AND p.monitor_id IN ({_MONITORS})"  # noqa: S608 - the same
)

# What there may be very much of, and what hangs on it. A statement must end within the patience of a request,
# which the delete of a team with 10,000 monitors and 300,000 incidents would not: it takes 15 s. On a monitor
# hangs a row of each day that it was there: 1,000 of them with two years took up to 2.4 s.
_DROP_SOME = tuple(
    text(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE team_id IN ({_THEIRS}) LIMIT {few})")  # noqa: S608 - the same
    for table, few in (("monitors", 250), ("incidents", 40_000))
)


def _lock_what_is_theirs(session: Session, user: User) -> None:
    for lock in _LOCKS:
        session.execute(lock, {"user_id": user.id})


def _drop_what_is_theirs(session: Session, user: User) -> None:
    session.execute(_DROP_CLAIMS, {"user_id": user.id})
    for drop_some in _DROP_SOME:
        while affected_rows(session.execute(drop_some, {"user_id": user.id})):
            pass
