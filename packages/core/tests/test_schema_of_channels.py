"""Channels, as their migrations make them for teams that were there before."""

import uuid
from collections.abc import Callable

from sqlalchemy import text

from emeter_storage import migrator
from emeter_storage.engine import make_engine

_TEAM = "INSERT INTO teams VALUES (:team, 'A team', 'UTC', now(), now())"
_USER = "INSERT INTO users VALUES (:user, :email, 'x', NULL, now(), now())"
_MEMBER = "INSERT INTO memberships VALUES (:team, :user, :role, now() + :later * interval '1 day')"


def test_a_team_that_was_there_gets_the_address_of_its_first_owner(new_database: Callable[..., str]) -> None:
    engine = make_engine(new_database(migrated=False))
    migrator.upgrade(engine, "20261123060600")
    owned, orphaned = uuid.uuid4(), uuid.uuid4()
    with engine.begin() as connection:
        for team in (owned, orphaned):
            connection.execute(text(_TEAM), {"team": team})
        for later, (team, email, role) in enumerate(
            [
                (owned, "viewer@example.com", "viewer"),
                (owned, "First@example.com", "owner"),
                (owned, "second@example.com", "owner"),
                (orphaned, "admin@example.com", "admin"),
            ]
        ):
            user = uuid.uuid4()
            connection.execute(text(_USER), {"user": user, "email": email})
            connection.execute(text(_MEMBER), {"team": team, "user": user, "role": role, "later": later})

    migrator.upgrade(engine)

    with engine.begin() as connection:
        channels = connection.execute(text("SELECT team_id, kind, target, enabled FROM channels")).all()
    assert channels == [(owned, "mail", "First@example.com", True)]
    engine.dispose()
