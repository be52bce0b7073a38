"""Whether a token lies where it should not: in tables, in Redis, in any file of a data directory."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

from emeter_storage.servers import DataDirectory
from harness.emeter import Emeter

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


class Secret:
    """A token of a link, in all the forms in which it could be written down."""

    def __init__(self, token: str) -> None:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        self.digest = hashlib.sha256(raw).digest()
        # PostgreSQL shows bytes in hex: what was stored as such, and texts that lie among them.
        shown = (token, raw.hex(), token.encode().hex(), base64.b64encode(raw).decode().rstrip("="))
        self.shown = tuple(form.encode() for form in shown)
        self.forms = (*self.shown, raw)

    def is_in(self, text: bytes) -> bool:
        """Whether any of its forms is."""
        return any(form in text for form in self.forms)


def tables_with(emeter: Emeter, form: bytes) -> list[str]:
    """The tables in which a row, all of its columns as text, holds this."""
    return [table for table, rows in _rows(emeter) if form in rows]


def tables_that_tell(emeter: Emeter, secret: Secret) -> list[str]:
    """The tables that hold it in any form."""
    return [table for table, rows in _rows(emeter) if secret.is_in(rows)]


def keys_that_tell(emeter: Emeter, secret: Secret) -> list[bytes]:
    """What in Redis holds it, in its name or its value."""
    with Redis.from_url(DataDirectory(emeter.data).redis_url) as redis:
        return [key for key in redis.scan_iter() if secret.is_in(key + _value(redis, key))]


def files_that_tell(emeter: Emeter, secret: Secret) -> list[Path]:
    """The files of its data directory that hold it: logs, and what PostgreSQL and Redis have on disk."""
    files = [path for path in emeter.data.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in (*files, emeter.log) if secret.is_in(path.read_bytes())]


def _rows(emeter: Emeter) -> Iterator[tuple[str, bytes]]:
    for (table,) in emeter.rows(_TABLES):
        rows = emeter.rows(f'SELECT t::text FROM "{table}" t')
        yield table, "\n".join(row for (row,) in rows).encode()


def _value(redis: Redis, key: bytes) -> bytes:
    read = {
        b"string": lambda: redis.get(key),
        b"hash": lambda: redis.hgetall(key),
        b"list": lambda: redis.lrange(key, 0, -1),
        b"set": lambda: redis.smembers(key),
        b"zset": lambda: redis.zrange(key, 0, -1),
    }
    return repr(read[redis.type(key)]()).encode()
