"""Where backups come from and go to: the database, started where it has to be, and the file."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Engine

from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError
from emeter_storage.servers import PostgresServer
from emeter_storage.servers.postgres import answers_at
from emeter_storage.settings import StorageSettings

STDOUT = "-"


@contextmanager
def running_database(settings: StorageSettings) -> Iterator[Engine]:
    """The database to be backed up: whoever runs it, or our own child until the end of the block."""
    directory = settings.directory
    if settings.database_url or answers_at(directory.run_directory):
        with _engine(settings.database, "emeter backup") as engine:
            yield engine
        return
    if not directory.cluster.exists():
        raise UserError(
            f"There is nothing to back up in {directory.path}: set EMETER_DATA_DIR or DATABASE_URL."
        )
    with _started(settings, "emeter backup") as engine:
        yield engine


@contextmanager
def own_database(settings: StorageSettings) -> Iterator[Engine]:
    """The database to restore into, made where there is none; raise UserError while `emeter up` runs it."""
    if settings.database_url:
        with _engine(settings.database, "emeter restore") as engine:
            yield engine
        return
    if answers_at(settings.directory.run_directory):
        raise UserError(f"E-Meter runs in {settings.directory.path}: stop it first.")
    with _started(settings, "emeter restore") as engine:
        yield engine


@contextmanager
def new_file(name: str) -> Iterator[IO[bytes]]:
    """The file of a backup, which nobody else reads: there as a whole after the block, or not at all.

    Raise UserError where it exists already or cannot be written.
    """
    if name == STDOUT:
        with _stdout() as file:
            yield file
        return
    path = Path(name).absolute()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _require_missing(path)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _require_missing(path)
        beside.rename(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Nothing was kept.") from None
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _started(settings: StorageSettings, name: str) -> Iterator[Engine]:
    directory = settings.directory
    server = PostgresServer(directory)
    server.start()
    try:
        with _engine(server.url, name) as engine:
            yield engine
    finally:
        server.stop()
        directory.unlock()


@contextmanager
def _engine(url: str, name: str) -> Iterator[Engine]:
    engine = make_engine(url, name=name, pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _stdout() -> Iterator[IO[bytes]]:
    if sys.stdout.isatty():
        raise UserError("A backup is nothing for a terminal: name a file, or send it on with `| …` or `> …`.")
    # A descriptor of its own: what could not be written is not tried again at the end of the process.
    file = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    try:
        yield file
        file.flush()
    except OSError as error:
        raise UserError(f"The backup cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            file.close()


def _require_missing(path: Path) -> None:
    if os.path.lexists(path):
        raise UserError(f"{path} is there already: name another file, or remove it.")
