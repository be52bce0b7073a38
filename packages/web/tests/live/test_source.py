"""What the hub learns from the database."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from emeter_core.accounts import Role, Seat, User, generate_user_session_token, scope_of
from emeter_core.database import Database
from emeter_core.microseconds import to_stored
from emeter_core.monitors import Monitor, create_monitor, draft_monitor, pause_monitor
from emeter_core.scope import Scope
from emeter_core.settings import Settings
from emeter_storage.engine import transaction
from emeter_web.live.source import DatabaseSource
from emeter_web.live.state import Away, Look

_CHECKED = """
UPDATE probes SET last_slot = clock_timestamp() - interval '1 second',
  last_total_us = :us, last_reason = :reason
WHERE monitor_id = :id
"""


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database.of(settings, name="tests")
    yield database
    database.engine.dispose()


@pytest.fixture
def source(database: Database) -> DatabaseSource:
    return DatabaseSource(database)


@pytest.fixture
def scope(database: Database, user: User) -> Scope:
    with transaction(database.sessions) as session:
        return scope_of(session, user)


@pytest.fixture
def monitor(database: Database, scope: Scope, settings: Settings) -> Monitor:
    draft = draft_monitor(target="http://example.com/", interval=60)
    with transaction(database.sessions) as session:
        return create_monitor(session, scope, draft, vault=settings.vault(), now=database.clock.now())


def look(source: DatabaseSource, scope: Scope) -> Look:
    return source.look({scope.team.id}, frozenset())


def test_a_check_is_seen(source: DatabaseSource, database: Database, scope: Scope, monitor: Monitor) -> None:
    assert look(source, scope).teams[scope.team.id].rows == []
    check(database.engine, monitor, us=171_000, reason=0)

    (row,) = look(source, scope).teams[scope.team.id].rows

    assert (row.id, row.status, row.us) == (str(monitor.public_id), "pending", 171_000)
    assert row.checked_at is not None


def test_a_run_of_hours_is_told_in_full(
    source: DatabaseSource, database: Database, scope: Scope, monitor: Monitor
) -> None:
    assert look(source, scope).teams[scope.team.id].rows == []
    check(database.engine, monitor, us=7_380_000_000, reason=0)
    (row,) = look(source, scope).teams[scope.team.id].rows
    assert row.us == 7_380_000_000


def test_a_check_that_failed_has_no_latency(
    source: DatabaseSource, database: Database, scope: Scope, monitor: Monitor
) -> None:
    check(database.engine, monitor, us=10_000_000, reason=40)
    (row,) = look(source, scope).teams[scope.team.id].rows
    assert row.us is None


def test_another_revision_is_another_state(
    source: DatabaseSource, database: Database, scope: Scope, monitor: Monitor
) -> None:
    before = look(source, scope).teams[scope.team.id].revision
    check(database.engine, monitor, us=1, reason=0)
    assert look(source, scope).teams[scope.team.id].revision == before

    with transaction(database.sessions) as session:
        pause_monitor(session, scope, session.merge(monitor), now=database.clock.now())

    assert look(source, scope).teams[scope.team.id].revision != before


def test_who_may_still_listen_is_told_from_who_may_not(
    source: DatabaseSource, database: Database, user: User, scope: Scope
) -> None:
    with transaction(database.sessions) as session:
        alive = generate_user_session_token(session, user, device="", address=None, now=database.clock.now())
    seat = Seat(alive, scope.team.id, Role.OWNER)
    others = {
        seat._replace(token=b"dead"),
        seat._replace(team_id=uuid.uuid4()),
        seat._replace(role=Role.VIEWER),
    }
    assert source.look({uuid.uuid4()}, {seat, *others}).living == {seat}


def test_a_database_that_refuses_is_away_and_comes_back(
    source: DatabaseSource, database: Database, scope: Scope, engine: Engine
) -> None:
    look(source, scope)
    name = database.engine.url.database
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as maintenance:
        maintenance.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        maintenance.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        with pytest.raises(Away):
            look(source, scope)
        maintenance.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    assert look(source, scope).teams


def check(engine: Engine, monitor: Monitor, *, us: int, reason: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(_CHECKED), {"us": to_stored(us), "reason": reason, "id": monitor.id})
