"""All rows at one moment, while everybody goes on reading and writing."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import IO, TYPE_CHECKING, cast

import psycopg2
import psycopg2.extensions
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from emeter_storage import migrator
from emeter_storage.backup import catalogue
from emeter_storage.backup.archive import ArchiveWriter, RelationWriter
from emeter_storage.backup.domain import Domain
from emeter_storage.backup.manifest import FORMAT, Manifest, Relation, Table
from emeter_storage.backup.progress import Progress
from emeter_storage.errors import UserError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The form of the rows must not depend on the settings of a server or a role.
PLAIN = """
SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8';
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""
# Python is asked once per piece of this size, not once per row.
_BUFFER = 256 * 1024


def back_up(
    engine: Engine,
    file: IO[bytes],
    domain: Domain,
    *,
    with_results: bool = True,
    with_key: bool = False,
    progress: Progress,
) -> Manifest:
    """Write a backup of the database to `file`, which may be a pipe; returns what it holds.

    Raise UserError where the database is not one of ours at head, and for `with_key` where our key is not
    its key; OSError where the file cannot take it.
    """
    _require_head(engine)
    with _snapshot(engine) as connection:
        archive = ArchiveWriter(file)
        fingerprint = domain.fingerprint(connection)
        key = archive.add_key(domain.key(fingerprint)) if with_key else None
        sequences = catalogue.sequences(connection)
        tables = list(_copied(connection, archive, domain, progress, with_results=with_results))
        manifest = Manifest(
            format=FORMAT,
            version=domain.version,
            revision=migrator.head(),
            made_at=connection.execute(text("SELECT now()")).scalar_one().astimezone(UTC),
            fingerprint=fingerprint,
            has_results=with_results,
            tables=tables,
            left_out=_left_out(domain, with_results=with_results),
            sequences=sequences,
            key=key,
        )
        archive.finish(manifest)
    return manifest


def _require_head(engine: Engine) -> None:
    """Raise UserError where what the tables mean is not what this version knows."""
    now, head = migrator.current(engine), migrator.head()
    if now is None:
        raise UserError("There is nothing to back up: the database holds no E-Meter.")
    if now != head:
        mend = "run `emeter db upgrade`" if migrator.knows(now) else "take the version that runs there"
        raise UserError(f"The database is at {now}, and this E-Meter at {head}: {mend}.")


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment, and whose tables nobody alters or drops until its end."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        names = [table.name for table in catalogue.tables(connection)]
        connection.rollback()
        connection.execute(text(PLAIN))
        # Before the snapshot, which the next statement takes: what is locked stays as the catalogue has it.
        locked = ", ".join(catalogue.quoted(connection, name) for name in names)
        connection.execute(text(f"LOCK TABLE {locked} IN ACCESS SHARE MODE"))
        yield connection
        connection.rollback()


def _copied(
    connection: Connection, archive: ArchiveWriter, domain: Domain, progress: Progress, *, with_results: bool
) -> Iterator[Table]:
    kept = [
        table
        for table in catalogue.tables(connection)
        if table.name not in domain.left_out and (with_results or table.name not in domain.results)
    ]
    whole = sum(leaf.size for table in kept for leaf in table.leaves) or 1
    done = 0
    for table in kept:
        relations = []
        for leaf in table.leaves:
            note = f"{leaf.name}, {{}}"
            writer = _Watched(archive, leaf, done / whole, whole, progress)
            rows = _copy(connection, writer, _statement(connection, table, leaf.name, domain))
            relations.append(Relation(name=leaf.name, rows=rows, parts=writer.end()))
            progress.tell((done := done + leaf.size) / whole, note.format(f"{rows:,} rows"))
        yield Table(name=table.name, columns=list(table.columns), relations=relations)


def _statement(connection: Connection, table: catalogue.Found, leaf: str, domain: Domain) -> str:
    columns = ", ".join(catalogue.quoted(connection, column) for column in table.columns)
    source = catalogue.quoted(connection, leaf)
    if table.name not in domain.only:
        return f"COPY {source} ({columns}) TO STDOUT"
    condition, _ = domain.only[table.name]
    return f"COPY (SELECT {columns} FROM {source} WHERE {condition}) TO STDOUT"  # noqa: S608 - of our own code


def _copy(connection: Connection, writer: RelationWriter, statement: str) -> int:
    """Copy the rows of a statement; returns how many there were."""
    buffered = io.BufferedWriter(writer, _BUFFER)
    with dbapi_cursor(connection, statement) as cursor:
        cursor.copy_expert(statement, buffered)
        buffered.flush()
        rows = cursor.rowcount
    buffered.detach()
    return rows


@contextmanager
def dbapi_cursor(connection: Connection, statement: str) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor of the driver, for COPY; its errors are those of SQLAlchemy."""
    raw = connection.connection.dbapi_connection
    assert raw is not None  # noqa: S101 - the connection is open
    try:
        with cast("psycopg2.extensions.cursor", raw.cursor()) as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg2.Error) from error
    except BaseException:
        # It may stand in the middle of a COPY, where nothing else can be said to it.
        raw.close()
        raise


def _left_out(domain: Domain, *, with_results: bool) -> dict[str, str]:
    reasons = {**domain.left_out} | {name: reason for name, (_, reason) in domain.only.items()}
    if not with_results:
        reasons |= dict.fromkeys(domain.results, "left out on demand")
    return reasons


class _Watched(RelationWriter):
    """Tells how far it is: what has been taken of a relation, against its size on disk."""

    def __init__(
        self, archive: ArchiveWriter, leaf: catalogue.Leaf, done: float, whole: int, progress: Progress
    ) -> None:
        super().__init__(archive, leaf.name)
        self._leaf, self._done, self._whole, self._progress = leaf, done, whole, progress

    def write(self, data: "ReadableBuffer", /) -> int:
        """Take some rows."""
        length = super().write(data)
        part = self._done + min(self.taken, self._leaf.size) / self._whole
        self._progress.tell(part, f"{self._leaf.name}, {self.taken / 1e6:,.0f} MB")
        return length
