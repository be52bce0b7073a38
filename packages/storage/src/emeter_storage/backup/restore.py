"""The way back: a backup into an empty database, as a whole or not at all.

The schema is brought to the revision of the backup, the rows are copied in one transaction, and the
migrations since then do the rest. Migrations cannot be part of that transaction; so from before the first row
until the last word no process starts on the database, and a restore that was broken off is begun anew.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from emeter_storage import migrator
from emeter_storage.backup import catalogue
from emeter_storage.backup.archive import ArchiveReader
from emeter_storage.backup.domain import Domain, Restored
from emeter_storage.backup.manifest import Manifest, Relation, Table
from emeter_storage.backup.progress import Progress
from emeter_storage.backup.snapshot import PLAIN, dbapi_cursor
from emeter_storage.errors import UserError
from emeter_storage.partitions import ensure_partition, is_partition

_ADVISORY_LOCK = 7_203_650_117


def require_known(manifest: Manifest) -> None:
    """Raise UserError for the backup of a version that knows more than this one."""
    if not migrator.knows(manifest.revision):
        raise UserError(
            f"This backup was made by E-Meter {manifest.version} with the schema {manifest.revision}, which "
            "this version does not know: restore it with that version or a newer one."
        )


def restore(
    engine: Engine, archive: ArchiveReader, domain: Domain, *, send_waiting: bool, progress: Progress
) -> list[str]:
    """Fill an empty database with a backup; returns what a person should know.

    Raise UserError where that cannot be, with the database as empty as before. `engine` needs two
    connections.
    """
    manifest = archive.manifest
    require_known(manifest)
    with _alone(engine) as connection:
        _require_empty(engine, connection, domain)
        try:
            return _filled(engine, archive, domain, progress, send_waiting=send_waiting)
        except BaseException as error:
            # Where this fails as well, the database stays held, and the next restore begins with it.
            with suppress(DBAPIError):
                _clear(engine, manifest)
            if isinstance(error, DBAPIError):
                raise UserError(f"The restore failed, and nothing was kept: {_first_line(error)}") from error
            raise


def _filled(
    engine: Engine, archive: ArchiveReader, domain: Domain, progress: Progress, *, send_waiting: bool
) -> list[str]:
    manifest = archive.manifest
    _clear(engine, manifest)
    migrator.upgrade(engine, manifest.revision)
    with engine.begin() as connection:
        domain.hold(connection)
    with engine.begin() as connection:
        _require_nobody(connection)
        connection.execute(text(PLAIN))
        _copy_all(connection, archive, progress)
        domain.hold(connection)
    migrator.upgrade(engine)
    restored = Restored(manifest.made_at, manifest.has_results, send_waiting)
    domain.keep_key(manifest.fingerprint, archive.key)
    with engine.begin() as connection:
        told = domain.settle(connection, restored)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return told


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A connection that has the lock of all restores."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}
        ).scalar_one():
            raise UserError("Another restore into this database is under way.")
        yield connection
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})


def _require_empty(engine: Engine, connection: Connection, domain: Domain) -> None:
    now = migrator.current(engine)
    if now is not None and not migrator.knows(now):
        raise UserError(f"The database is at {now}, which this version does not know: take a newer one.")
    _require_nobody(connection)
    if not domain.is_held(connection):
        domain.require_empty(connection)


def _require_nobody(connection: Connection) -> None:
    """Raise UserError while a process of ours runs on the database: it would check what is half there."""
    who = connection.execute(_CONNECTED).scalars().all()
    if who:
        raise UserError(f"E-Meter runs on this database ({', '.join(who)}): stop it first.")


_CONNECTED = text("""
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'emeter%'
  AND application_name NOT IN ('emeter restore', 'emeter backup') ORDER BY 1
""")


def _clear(engine: Engine, manifest: Manifest) -> None:
    """Take all of ours away, what a restore that was broken off has left included."""
    with engine.begin() as connection:
        _empty(connection, manifest)
    if migrator.current(engine) is not None:
        migrator.downgrade(engine, "base")


def _empty(connection: Connection, manifest: Manifest) -> None:
    """Take the rows away; migrations put some into tables as well."""
    ours = {table.name for table in manifest.tables} | manifest.left_out.keys()
    there = [found.name for found in catalogue.tables(connection) if found.name in ours]
    if there:
        names = ", ".join(catalogue.quoted(connection, name) for name in there)
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


def _copy_all(connection: Connection, archive: ArchiveReader, progress: Progress) -> None:
    manifest = archive.manifest
    there = {found.name: found for found in catalogue.tables(connection)}
    for table in manifest.tables:
        found = there.get(table.name)
        if found is None or not set(table.columns) <= set(found.columns):
            raise UserError(f"This backup has a table {table.name!r} that its schema has not.")
    _empty(connection, manifest)
    for table in manifest.tables:
        for relation in table.relations:
            _require_leaf(connection, table, relation)
            rows = _copy(connection, archive, table, relation, progress)
            if rows != relation.rows:
                raise UserError(f"{relation.name} has {rows} rows of {relation.rows}. Nothing was kept.")
    for name, value in manifest.sequences.items():
        connection.execute(_SET_SEQUENCE, {"name": name, "value": value})


_SET_SEQUENCE = text("""
SELECT setval(c.oid, :value) FROM pg_class c
WHERE c.relkind = 'S' AND c.relnamespace = current_schema()::regnamespace AND c.relname = :name
""")


def _require_leaf(connection: Connection, table: Table, relation: Relation) -> None:
    """Have the relation there; raise UserError where it is neither the table nor a partition of it."""
    if relation.name == table.name:
        return
    bad = UserError(f"This backup has a partition {relation.name!r} that cannot be.")
    if not is_partition(relation.name) or relation.name.rpartition("_")[0] != table.name:
        raise bad
    try:
        ensure_partition(connection, relation.name)
    except ValueError:
        raise bad from None


def _copy(
    connection: Connection, archive: ArchiveReader, table: Table, relation: Relation, progress: Progress
) -> int:
    columns = ", ".join(catalogue.quoted(connection, column) for column in table.columns)
    statement = f"COPY {catalogue.quoted(connection, relation.name)} ({columns}) FROM STDIN"
    rows = _Rows(archive, relation, progress)
    try:
        with dbapi_cursor(connection, statement) as cursor:
            cursor.copy_expert(statement, rows, 1 << 16)
            return cursor.rowcount
    except DBAPIError:
        # The driver hides what was wrong with the file behind an error of its own.
        if rows.error is not None:
            raise rows.error from None
        raise


class _Rows(io.RawIOBase):
    """The rows of a relation as a file that the driver reads."""

    def __init__(self, archive: ArchiveReader, relation: Relation, progress: Progress) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._archive, self._name, self._progress = archive, relation.name, progress
        self._size = archive.size or 1
        self._chunks = archive.rows(relation.parts)
        self._left = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        try:
            return self._next(size)
        except BaseException as error:
            self.error = error
            raise

    def _next(self, size: int) -> bytes:
        if not self._left:
            self._progress.tell(self._archive.read / self._size, self._name)
            self._left = memoryview(next((chunk for chunk in self._chunks if chunk), b""))
        size = len(self._left) if size < 0 else size
        piece, self._left = bytes(self._left[:size]), self._left[size:]
        return piece


def _first_line(error: DBAPIError) -> str:
    what = error.orig if isinstance(error.orig, psycopg2.Error) else error
    return str(what).strip().partition("\n")[0]
