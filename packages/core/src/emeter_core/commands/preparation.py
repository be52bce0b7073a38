"""What must hold before `emeter up` starts its processes."""

import redis

from emeter_core.database import Database
from emeter_core.vault import Vault
from emeter_storage import migrator
from emeter_storage.errors import UserError

_OLDEST_REDIS = (6, 2)
_REDIS_TIMEOUT_S = 5


def require_redis(url: str) -> None:
    """Raise UserError unless a Redis of 6.2 or later answers at `url`."""
    shown = url.rpartition("@")[2] if "@" in url else url
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        ) as client:
            version = str(client.info("server")["redis_version"])
    except (redis.RedisError, ValueError) as error:
        raise UserError(f"The Redis of REDIS_URL ({shown}) does not answer: {error}") from None
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_REDIS:
        raise UserError(f"The Redis of REDIS_URL ({shown}) is {version}, and 6.2 is the oldest that will do.")


def migrate(url: str, vault: Vault) -> None:
    """Bring the database at `url` to head; raise UserError where its secrets need another key."""
    database = Database.at(url, name="emeter up")
    try:
        migrator.upgrade(database.engine)
        database.require_secret(vault)
    finally:
        database.engine.dispose()
