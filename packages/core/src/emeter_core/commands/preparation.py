"""What must hold before `emeter up` starts its processes."""

import redis

from emeter_core.database import Database
from emeter_core.redis_server import inspect
from emeter_core.vault import Vault
from emeter_storage import migrator
from emeter_storage.errors import UserError

_REDIS_TIMEOUT_S = 5


def require_redis(url: str) -> None:
    """Raise UserError unless a Redis that will do answers at `url`."""
    shown = url.rpartition("@")[2] if "@" in url else url
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        ) as client:
            inspect(client)
    except (redis.RedisError, ValueError) as error:
        raise UserError(f"The Redis of REDIS_URL ({shown}) does not answer: {error}") from None


def migrate(url: str, vault: Vault) -> None:
    """Bring the database at `url` to head; raise UserError where its secrets need another key."""
    database = Database.at(url, name="emeter up")
    try:
        migrator.upgrade(database.engine)
        database.require_secret(vault)
    finally:
        database.engine.dispose()
