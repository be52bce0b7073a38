"""`emeter db`: the schema of the database, from the terminal."""

import click
from alembic.util.exc import CommandError
from sqlalchemy import Engine

from emeter_storage import migrator
from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError
from emeter_storage.settings import StorageSettings


def _engine() -> Engine:
    return make_engine(StorageSettings.load().database, name="emeter db")


@click.group()
def db() -> None:
    """Look after the schema of the database."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Apply the migrations up to REVISION (default: all)."""
    engine = _engine()
    try:
        migrator.upgrade(engine, revision)
    except CommandError as error:
        raise UserError(str(error)) from None
    click.echo(f"The database is at {migrator.current(engine)}.")


@db.command()
@click.argument("revision", default="-1")
def downgrade(revision: str) -> None:
    """Take back migrations down to REVISION (default: the last one; `base` takes back all)."""
    engine = _engine()
    try:
        migrator.downgrade(engine, revision)
    except CommandError as error:
        raise UserError(str(error)) from None
    click.echo(f"The database is at {migrator.current(engine) or 'base'}.")


@db.command()
def current() -> None:
    """Print the revision that the database is at."""
    click.echo(migrator.current(_engine()) or "base")


@db.command()
def check() -> None:
    """Say whether the database has every migration; exit 1 where it has not."""
    now, newest = migrator.current(_engine()), migrator.head()
    if now != newest:
        raise UserError(
            f"The database is at {now or 'base'}, the newest is {newest}: run `emeter db upgrade`."
        )
    click.echo(f"The database is at {now}, the newest.")
