"""Alembic, driven from code, so that it works from an installed wheel as from a checkout."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, text

from emeter_storage.partitions import ensure_partitions, is_partition

MIGRATIONS = Path(__file__).parent / "migrations"


def _is_compared(_object: object, name: str | None, kind: str, *_other: object) -> bool:
    """Leave the partitions out of every comparison: their parent stands for them."""
    return kind != "table" or name is None or not is_partition(name)


COMPARISON: dict[str, Any] = {
    "include_object": _is_compared,
    "compare_type": True,
    "compare_server_default": True,
}
"""How models and database are held against each other."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database up to `revision`, and make the partitions of the days ahead."""
    command.upgrade(_config(engine), revision)
    with engine.begin() as connection:
        today = connection.execute(text("SELECT (now() AT TIME ZONE 'UTC')::date")).scalar_one()
        ensure_partitions(connection, today)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database down to `revision` (`base`, `-1` or an id)."""
    command.downgrade(_config(engine), revision)


def current(engine: Engine) -> str | None:
    """The revision that the database is at; None where nothing was migrated yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision there is."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None  # noqa: S101 - this package ships migrations
    return found


def knows(revision: str) -> bool:
    """Whether there is a migration to this revision."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def is_at_head(engine: Engine) -> bool:
    """Whether the database has every migration."""
    return current(engine) == head()


def differences(engine: Engine, metadata: MetaData) -> list[Any]:
    """What `metadata` has and the database has not, and the other way round, as Alembic tells it."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=COMPARISON), metadata))


def write_migration(engine: Engine, message: str, metadata: MetaData) -> Path:
    """Write the difference between the database and `metadata` as a new migration; returns its file."""
    script = command.revision(_config(engine, metadata=metadata), message=message, autogenerate=True)
    assert not isinstance(script, list)  # noqa: S101 - one head, one script
    assert script is not None  # noqa: S101 - only --sql runs write none
    return Path(script.path)


def _config(engine: Engine | None = None, *, metadata: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d%%(hour).2d%%(minute).2d%%(second).2d_%%(slug)s"
    )
    config.set_main_option("timezone", "UTC")
    attributes: dict[str, Any] = config.attributes
    attributes["engine"] = engine
    attributes["metadata"] = metadata
    return config
