"""What is in use at head goes down to the release before and up again, and what both know comes through."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.analytics import roll_up
from emeter_core.heartbeats import HeartbeatWatch, Ping, PingKind, find_missing, take_ping
from emeter_core.monitors import create_monitor, draft_monitor
from emeter_core.testing.filling import fill
from emeter_core.vault import Vault
from emeter_storage import migrator
from emeter_storage.engine import make_engine, make_session_factory

BEFORE = "20261123090000"
HEARTBEATS = 3


@pytest.fixture
def in_use(new_database: Callable[..., str], vault: Vault) -> Iterator[Engine]:
    """Twenty monitors with a history, rolled up, and heartbeats of which one is missing."""
    engine = make_engine(new_database())
    sessions = make_session_factory(engine)
    now = datetime.now(UTC)
    with sessions.begin() as session:
        user = register_user(session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=now)
        scope = scope_of(session, user)
        fill(session, scope, now=now, monitors=20, hours=3, days=2, flaps=10)
        session.add(HeartbeatWatch(since=now - timedelta(days=1), until=now))
        for number in range(HEARTBEATS):
            draft = draft_monitor(
                name=f"job {number}", kind="heartbeat", settings={"period": 300, "grace": 60}
            )
            made = now - timedelta(hours=5)
            create_monitor(session, scope, draft, vault=vault, now=made, token=f"token-of-job-{number}")
            take_ping(
                session,
                f"token-of-job-{number}",
                Ping(PingKind.SUCCESS),
                now=made + timedelta(minutes=number),
            )
    with sessions.begin() as session:
        assert find_missing(session, now=now)
    more = True
    while more:
        with sessions.begin() as session:
            more = roll_up(session, now=now)
    yield engine
    engine.dispose()


def counted(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


KNOWN_TO_BOTH = {
    "monitors": "SELECT count(*) FROM monitors WHERE kind <> 'heartbeat'",
    "results": "SELECT count(*) FROM results JOIN probes p ON p.id = probe_id WHERE location_id > 0",
    "status changes": "SELECT count(*) FROM status_changes s JOIN monitors m ON m.id = monitor_id"
    " WHERE kind <> 'heartbeat'",
    "open incidents": "SELECT count(*) FROM incidents i WHERE resolved_at IS NULL AND EXISTS (SELECT 1"
    " FROM incident_monitors JOIN monitors m ON m.id = monitor_id WHERE incident_id = i.id"
    " AND kind <> 'heartbeat')",
    "users": "SELECT count(*) FROM users",
    "channels": "SELECT count(*) FROM channels",
}
FORLORN = (
    "SELECT count(*) FROM incidents i WHERE resolved_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM incident_monitors WHERE incident_id = i.id)"
)


def test_what_both_know_comes_through_and_nothing_is_left_of_the_rest(in_use: Engine) -> None:
    before = {name: counted(in_use, statement) for name, statement in KNOWN_TO_BOTH.items()}
    assert all(before.values())
    assert counted(in_use, "SELECT count(*) FROM rollups_quarter")
    assert counted(in_use, "SELECT count(*) FROM incidents WHERE title LIKE 'job %'")

    migrator.downgrade(in_use, BEFORE)
    assert counted(in_use, "SELECT count(*) FROM monitors WHERE kind = 'heartbeat'") == 0
    assert counted(in_use, FORLORN) == 0
    migrator.upgrade(in_use)

    assert migrator.is_at_head(in_use)
    assert {name: counted(in_use, statement) for name, statement in KNOWN_TO_BOTH.items()} == before
