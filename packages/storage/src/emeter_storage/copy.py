"""COPY in its binary form: the cheapest way into PostgreSQL."""

import io
import struct
from collections.abc import Iterable
from typing import cast

import psycopg2.extensions
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

# PostgreSQL's manual, "COPY", "Binary Format": signature, flags, length of the header's extension.
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)


def copy_binary(session: Session, table: str, columns: Iterable[str], rows: Iterable[bytes]) -> None:
    """Append `rows`, each a tuple in COPY's binary form, to `table` within the session's transaction.

    Raises the DBAPIError that SQLAlchemy has for the driver's own.
    """
    connection = session.connection().connection.dbapi_connection
    assert connection is not None  # noqa: S101 - the session's connection is open
    payload = io.BytesIO(b"".join((_HEADER, *rows, _TRAILER)))
    cursor = cast("psycopg2.extensions.cursor", connection.cursor())
    command = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    try:
        with cursor:
            cursor.copy_expert(command, payload)
    except psycopg2.Error as error:
        # As SQLAlchemy would: callers tell a database that is away from rows that are wrong by its classes.
        raise DBAPIError.instance(command, None, error, psycopg2.Error) from error
