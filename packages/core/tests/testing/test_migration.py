import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String

from emeter_core import schema
from emeter_core.testing import migration
from emeter_storage import migrator
from emeter_storage.engine import make_engine


@pytest.fixture(autouse=True)
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations: what a test writes must not appear among the real ones."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrator.MIGRATIONS, copy)
    monkeypatch.setattr(migrator, "MIGRATIONS", copy)
    return copy / "versions"


@pytest.fixture
def changed() -> MetaData:
    """The models with a column more."""
    metadata = MetaData(naming_convention=schema.metadata().naming_convention)
    for table in schema.metadata().tables.values():
        table.to_metadata(metadata)
    metadata.tables["users"].append_column(Column("nickname", String(40)))
    return metadata


def test_a_difference_becomes_a_migration_that_works_both_ways(
    new_database: Callable[..., str], changed: MetaData, versions: Path
) -> None:
    engine = make_engine(new_database(migrated=False))

    path = migration.write(engine, "add nicknames", changed)

    assert path is not None
    assert path.parent == versions
    assert path.name.endswith("_add_nicknames.py")
    assert path.read_text().startswith('"""Add nicknames.\n')
    migrator.upgrade(engine)
    assert migrator.differences(engine, changed) == []
    migrator.downgrade(engine, "-1")
    assert migrator.differences(engine, schema.metadata()) == []
    engine.dispose()


def test_nothing_is_written_where_there_is_no_difference(
    new_database: Callable[..., str], versions: Path
) -> None:
    engine = make_engine(new_database())
    before = sorted(versions.iterdir())

    assert migration.write(engine, "add nothing", schema.metadata()) is None

    assert sorted(versions.iterdir()) == before
    engine.dispose()


def test_the_command_starts_a_database_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["migration", "add nothing"])

    assert migration.main() == 0

    assert capsys.readouterr().out.startswith("Nothing to do")


def test_a_message_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["migration"])

    with pytest.raises(SystemExit) as exit_, pytest.warns(RuntimeWarning):
        runpy.run_module("emeter_core.testing.migration", run_name="__main__")

    assert exit_.value.code == 2
