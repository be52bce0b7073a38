"""Databases with something in them, and what is in a database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from emeter_storage.backup import catalogue
from emeter_storage.backup.archive import ArchiveReader
from emeter_storage.backup.domain import Domain
from emeter_storage.backup.progress import Progress
from emeter_storage.backup.snapshot import back_up
from emeter_storage.engine import make_engine

Contents = dict[str, list[str]]

AWKWARD = "tab\t line\nfeed\r back\\slash \\N \\. 'quoted' \"twice\" caf\u00e9 \U0001f600 \x7f"
_FILL = """
INSERT INTO teams VALUES ('00000000-0000-4000-8000-000000000001', :awkward, 'UTC', now(), now());
INSERT INTO users VALUES ('00000000-0000-4000-8000-000000000002', 'A@example.com', :awkward, NULL,
  '1999-12-31 23:59:59.999999+05', 'infinity');
INSERT INTO memberships SELECT t.id, u.id, 'owner', now() FROM teams t, users u;
INSERT INTO monitors (public_id, team_id, name, kind, target, interval_seconds, timeout_seconds, down_after,
  up_after, settings, secrets, version, condition, condition_since, inserted_at, updated_at)
SELECT gen_random_uuid(), t.id, 'm' || n, 'http', :awkward, 60, 10, 3, 2,
  jsonb_build_object('a', CAST(:awkward AS text), 'b', 0.1), decode('00ff5c0a', 'hex'), 1, 'up', now(), now(),
  now()
FROM teams t, generate_series(1, 50) n;
DELETE FROM monitors WHERE name = 'm50';
INSERT INTO probes (monitor_id, location_id, interval_ms, timeout_ms, next_slot, enabled, condition)
SELECT m.id, l.id, 60000, 10000, now(), true, 'up' FROM monitors m JOIN locations l ON l.name = 'local';
INSERT INTO results
SELECT date_trunc('day', now()) + n * interval '1 minute', p.id, 123456, 0, 0, 200,
  decode('0102030405060708', 'hex'), NULL
FROM probes p, generate_series(-600, 1400) n WHERE p.id < 10;
INSERT INTO rollups_day
SELECT 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.id, 20000, 1, 1, 0, NULL, NULL, 0.1, 1e-30,
  16777217, NULL, NULL
FROM monitors m
"""


@pytest.fixture
def filled(new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = make_engine(new_database(), name="tests")
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement), {"awkward": AWKWARD})
    yield engine
    engine.dispose()


@pytest.fixture
def empty(new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = make_engine(new_database(migrated=False), name="emeter restore", pool_size=2)
    yield engine
    engine.dispose()


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Callable[..., ArchiveReader]]:
    """Back a database up into a file, and read it."""
    made: list[ArchiveReader] = []

    def save(engine: Engine, domain: Domain | None = None, **options: bool) -> ArchiveReader:
        path = tmp_path / f"backup{len(made)}"
        with path.open("wb") as file:
            back_up(engine, file, domain or Domain(), progress=Progress(""), **options)
        made.append(ArchiveReader(path))
        return made[-1]

    yield save
    for archive in made:
        archive.close()


@pytest.fixture
def awkward() -> str:
    return AWKWARD


@pytest.fixture
def contents() -> Callable[[Engine], Contents]:
    """Every row of every table, as text."""
    return _contents


def _contents(engine: Engine) -> Contents:
    with engine.connect() as connection:
        return {
            table.name: sorted(
                connection.execute(text(f"SELECT CAST(t AS text) FROM {table.name} t")).scalars().all()
            )
            for table in catalogue.tables(connection)
        }
