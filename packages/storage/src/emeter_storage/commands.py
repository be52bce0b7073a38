"""`emeter db`: the schema of the database, from the terminal."""

import sys

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
@click.option("--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, *, yes: bool) -> None:
    """Take back migrations down to REVISION (default: the last one; `base` takes back all).

    Tables that a migration made are dropped with all that is in them.
    """
    engine = _engine()
    if not yes:
        _ask_to_drop(engine)
    try:
        migrator.downgrade(engine, revision)
    except CommandError as error:
        raise UserError(str(error)) from None
    click.echo(f"The database is at {migrator.current(engine) or 'base'}.")


def _ask_to_drop(engine: Engine) -> None:
    """Raise UserError unless a person agrees to lose data."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UserError("There is no terminal to ask whether to drop tables with their data: use --yes.")
    question = f"Take back migrations of the database {engine.url.database}, dropping tables with their data?"
    if not click.confirm(question, err=True):
        raise UserError("Nothing was taken back.")


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
