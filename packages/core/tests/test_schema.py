"""The models and the migrations make the same database."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Engine, MetaData, String, text

from emeter_core import schema
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.heartbeats import Ping, PingKind, keep_watch, take_ping
from emeter_core.monitors import create_monitor, draft_monitor, pause_monitor
from emeter_core.processes import check_secret, enlist
from emeter_core.vault import Vault
from emeter_storage import migrator
from emeter_storage.engine import make_engine, make_session_factory, transaction
from emeter_storage.partitions import is_partition

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
  pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
# How often a table is vacuumed is a matter of its migration alone.
_TABLES = """
SELECT relname, relkind::text, pg_get_partkeydef(oid),
  ARRAY(SELECT o FROM unnest(reloptions) o WHERE o NOT LIKE 'autovacuum%')::text
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""


@pytest.fixture
def empty(new_database: Callable[..., str]) -> Engine:
    return make_engine(new_database(migrated=False))


def catalog(connection: Connection, query: str) -> set[tuple[object, ...]]:
    """What PostgreSQL says, without the partitions and Alembic's own table."""
    rows = connection.execute(text(query))
    return {tuple(row) for row in rows if row[0] != "alembic_version" and not is_partition(row[0])}


def test_models_and_migrations_hold_no_difference(engine: Engine) -> None:
    assert migrator.differences(engine, schema.metadata()) == []


@pytest.mark.parametrize("query", [_TABLES, _COLUMNS, _CONSTRAINTS, _INDEXES])
def test_postgresql_sees_the_same_in_both(connection: Connection, empty: Engine, query: str) -> None:
    """Alembic leaves out checks and options; the server's own catalogue holds all."""
    with empty.begin() as other:
        other.execute(text("CREATE EXTENSION IF NOT EXISTS citext"))
        schema.metadata().create_all(other)
        of_models = catalog(other, query)
    empty.dispose()

    of_migrations = catalog(connection, query)
    assert sorted(map(str, of_migrations - of_models)) == sorted(map(str, of_models - of_migrations)) == []


def test_a_column_without_a_migration_is_found(engine: Engine) -> None:
    changed = MetaData(naming_convention=schema.metadata().naming_convention)
    for table in schema.metadata().tables.values():
        table.to_metadata(changed)
    changed.tables["users"].append_column(Column("nickname", String(40)))

    (difference,) = migrator.differences(engine, changed)

    assert difference[0] == "add_column"
    assert difference[3].name == "nickname"


def test_names_follow_ecto(connection: Connection) -> None:
    names = {row[1] for query in (_CONSTRAINTS, _INDEXES) for row in catalog(connection, query)}

    assert {
        "users_pkey",
        "users_email_index",
        "users_tokens_pkey",
        "users_tokens_user_id_fkey",
        "users_tokens_user_id_index",
        "users_tokens_context_token_index",
        "memberships_team_id_fkey",
        "monitors_team_id_fkey",
    } <= names
    assert {name for name in names if not name.endswith(("_pkey", "_fkey", "_index", "_check"))} == set()


def test_every_table_of_the_models_is_registered() -> None:
    assert {model.__tablename__ for model in schema.MODELS} == set(schema.metadata().tables)


@pytest.mark.parametrize("filled", [False, True])
def test_every_migration_goes_down_and_up_again(empty: Engine, *, filled: bool) -> None:
    migrator.upgrade(empty)
    revisions = [migrator.current(empty)]
    while migrator.current(empty) is not None:
        if filled:
            migrator.upgrade(empty)
            _fill(empty)
            for revision in revisions[1:]:
                migrator.downgrade(empty, revision or "base")
        migrator.downgrade(empty, "-1")
        revisions.append(migrator.current(empty))
        migrator.upgrade(empty, "+1")
        migrator.downgrade(empty, "-1")
    migrator.upgrade(empty)

    assert migrator.is_at_head(empty)
    assert len(revisions) > 5
    assert migrator.differences(empty, schema.metadata()) == []
    empty.dispose()


def _fill(engine: Engine) -> None:
    """Write a row or more into what a running E-Meter fills first."""
    vault = Vault("a secret of the tests, long enough")
    with transaction(make_session_factory(engine)) as session:
        if session.execute(text("SELECT 1 FROM users")).first():
            return
        check_secret(session, vault, now=NOON)
        scope = scope_of(
            session, register_user(session, Registration("a@example.com", "$2b$04$" + "x" * 53), now=NOON)
        )
        draft = draft_monitor(target="http://example.com/", settings={"headers": [("A", "b")]})
        monitor = create_monitor(session, scope, draft, vault=vault, now=NOON)
        pause_monitor(session, scope, monitor, now=NOON)
        beats = draft_monitor(kind="heartbeat", name="Backup")
        create_monitor(session, scope, beats, vault=vault, now=NOON, token="of-the-backup")
        take_ping(session, "of-the-backup", Ping(PingKind.LOG), now=NOON)
        keep_watch(session, now=NOON)
        enlist(session, "worker", location_id=None, now=NOON)


def test_the_architecture_names_every_table() -> None:
    page = (Path(__file__).parents[3] / "ARCHITECTURE.md").read_text()
    named = re.findall(r"`([a-z_ \n]+)`", page.partition("## Tables\n")[2].partition("\n\n`probes`")[0])

    assert sorted(" ".join(named).split()) == sorted(schema.metadata().tables)
