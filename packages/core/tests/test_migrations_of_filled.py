"""Rows survive the migrations since the release before, up, down and up again.

What a database held at `BEFORE` is told in the columns of then: each later revision, of whatever issue, must
leave it as it is on its way up and down.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from emeter_core.checks.packing import unpack_phases
from emeter_storage import migrator
from emeter_storage.backup import catalogue
from emeter_storage.engine import make_engine
from emeter_storage.partitions import ensure_partitions

BEFORE = "20261123090000"
DAYS = 4

_TEAM, _USER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
# Written for the schema of then: it never changes again.
_FILL = f"""
INSERT INTO teams VALUES ('{_TEAM}', 'A team', 'Europe/Berlin', now(), now());
INSERT INTO users VALUES ('{_USER}', 'a@example.com', 'x', now(), now(), now());
INSERT INTO memberships VALUES ('{_TEAM}', '{_USER}', 'owner', now());
INSERT INTO users_tokens VALUES (gen_random_uuid(), '{_USER}', 'token', 'session', NULL, now());
INSERT INTO user_sessions SELECT gen_random_uuid(), user_id, id, 'a browser', '192.0.2.1', now(), now()
FROM users_tokens;
INSERT INTO monitors (public_id, team_id, name, kind, target, interval_seconds, timeout_seconds, down_after,
  up_after, settings, secrets, version, condition, condition_since, inserted_at, updated_at)
SELECT gen_random_uuid(), '{_TEAM}', 'm' || n, 'http', 'http://example.com/' || n, 300, 10, 3, 2, '{{}}',
  'sealed', 1, CASE n WHEN 1 THEN 'down' ELSE 'up' END, now(), now() - interval '9 days', now()
FROM generate_series(1, 9) n;
INSERT INTO probes (monitor_id, location_id, interval_ms, timeout_ms, next_slot, last_slot, enabled,
  incident_open, condition)
SELECT m.id, l.id, 300000, 10000, now(), now(), true, m.condition = 'down', m.condition
FROM monitors m, locations l;
INSERT INTO claims SELECT id, next_slot, now(), NULL, gen_random_uuid(), NULL, 'regular' FROM probes;
INSERT INTO results
SELECT date_trunc('day', now()) - d * interval '1 day' + n * interval '5 minutes', p.id, 20321 + n, 0,
  CASE n % 50 WHEN 0 THEN 50 ELSE 0 END, 200,
  int4send(1) || int4send(20 + n) || int4send(300 * p.id) || int4send(40000),
  CASE n % 50 WHEN 0 THEN '{{"code": 503}}'::jsonb END
FROM probes p, generate_series(0, {DAYS} - 1) d, generate_series(0, 287) n;
INSERT INTO gaps SELECT id, now() - interval '1 hour', now(), 12, 'missed' FROM probes;
INSERT INTO incidents (public_id, team_id, title, cause, evidence, started_at, confirmed_at, acknowledged_at,
  acknowledged_by, resolved_at, resolution)
SELECT gen_random_uuid(), '{_TEAM}', 'm' || n, 'timeout', '{{"code": 503}}', now(), now(), now(), '{_USER}',
  CASE WHEN n > 1 THEN now() END, CASE WHEN n > 1 THEN 'recovered' END
FROM generate_series(1, 9) n;
INSERT INTO incident_monitors SELECT i.id, m.id, i.team_id, i.started_at, i.resolved_at
FROM incidents i JOIN monitors m ON m.name = i.title;
INSERT INTO status_changes (team_id, monitor_id, effective_at, recorded_at, reason, condition)
SELECT team_id, id, now() - n * interval '1 day', now() - n * interval '1 day', 20, 'down'
FROM monitors, generate_series(1, 8) n;
INSERT INTO channels VALUES (gen_random_uuid(), '{_TEAM}', 'mail', 'a@example.com', NULL, true, NULL, now(),
  now());
INSERT INTO deliveries (id, team_id, incident_id, channel_id, event, channel, recipient, state,
  next_attempt_at, inserted_at)
SELECT gen_random_uuid(), c.team_id, i.id, c.id, 'incident.opened', 'mail', c.target,
  CASE i.id % 2 WHEN 0 THEN 'sent' ELSE 'pending' END, now(), now()
FROM incidents i, channels c;
INSERT INTO trials
VALUES (gen_random_uuid(), '{_TEAM}', '{_USER}', 'check', 'sealed', NULL, NULL, NULL, now(), now());
INSERT INTO instance VALUES (1, '\\x00ff', now());
INSERT INTO processes VALUES (gen_random_uuid(), 'worker', 'here', 1, NULL, '0.1', '{{}}', now(), now())
"""

Told = dict[str, list[str]]


def revisions_since() -> list[str]:
    """All later revisions, in the order of their application."""
    script = ScriptDirectory(str(migrator.MIGRATIONS))
    found = [each.revision for each in script.iterate_revisions("heads", BEFORE)]
    return found[::-1]


@pytest.fixture
def filled(new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = make_engine(new_database(migrated=False))
    migrator.upgrade(engine, BEFORE)
    with engine.begin() as connection:
        ensure_partitions(connection, datetime.now(UTC).date() - timedelta(days=DAYS), days_ahead=DAYS)
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement))
    yield engine
    engine.dispose()


@pytest.fixture
def columns(filled: Engine) -> dict[str, str]:
    """The columns of each table at `BEFORE`."""
    with filled.connect() as connection:
        return {table.name: ", ".join(table.columns) for table in catalogue.tables(connection)}


def told(engine: Engine, columns: dict[str, str]) -> Told:
    """Every row of then, as text; phases in the form that people see, whatever the one they are stored in."""
    with engine.connect() as connection:
        rows = {
            name: sorted(connection.scalars(text(f"SELECT CAST(ROW({those}) AS text) FROM {name}")))
            for name, those in columns.items()
            if name != "results"
        }
        rows["results"] = sorted(
            str((*row[:-2], unpack_phases(bytes(row[-2]), row[-1])))
            for row in connection.execute(
                text(
                    "SELECT slot, probe_id, late_ms, reason, code, CAST(evidence AS text), phases, total_us"
                    " FROM results"
                )
            )
        )
        return rows


def lost(before: Told, now: Told) -> Told:
    """What is no longer there as it was; migrations may add rows of their own."""
    gone = {name: sorted(set(rows) - set(now.get(name, ()))) for name, rows in before.items()}
    return {name: rows for name, rows in gone.items() if rows}


def test_every_table_of_then_is_filled(filled: Engine, columns: dict[str, str]) -> None:
    assert {name for name, rows in told(filled, columns).items() if not rows} == set()


def test_rows_survive_each_revision_up_and_down_and_up_again(filled: Engine, columns: dict[str, str]) -> None:
    before, later = told(filled, columns), revisions_since()
    assert len(before["results"]) == 9 * DAYS * 288
    assert {"20261123110000", "20261123110100"} <= set(later)
    for down in later[:-1]:
        migrator.upgrade(filled)
        assert lost(before, told(filled, columns)) == {}, "at head"
        migrator.downgrade(filled, down)
        assert lost(before, told(filled, columns)) == {}, down
    migrator.downgrade(filled, BEFORE)
    assert told(filled, columns) == before
    migrator.upgrade(filled)

    assert migrator.is_at_head(filled)
    assert lost(before, told(filled, columns)) == {}


def test_results_that_are_written_at_head_survive_the_way_down(
    filled: Engine, columns: dict[str, str]
) -> None:
    migrator.upgrade(filled)
    with filled.begin() as connection:
        # The short form of phases that versions write since then.
        connection.execute(text("UPDATE results SET phases = '\\x0001001401f403e8' WHERE probe_id = 1"))
    before = told(filled, columns)["results"]
    migrator.downgrade(filled, BEFORE)

    assert told(filled, columns)["results"] == before
