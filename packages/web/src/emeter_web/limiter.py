"""flask-limiter, as we make it: it counts in Redis, and in memory while Redis is away."""

from collections.abc import Callable

from flask import Flask
from flask_limiter import Limiter
from limits.storage import RedisStorage
from redis import ConnectionPool
from redis.commands.core import Script

# 2 ** 2 seconds: by then Redis is asked again. flask-limiter itself goes on doubling up to 32 s.
_MOST_DOUBLINGS = 2


# A count ends at a time of day: where Redis's clock was set back by a day since, that is a day too late.
_COUNT = b"""
local count = redis.call("incrby", KEYS[1], ARGV[2])
local left = redis.call("ttl", KEYS[1])
if left < 0 or left > tonumber(ARGV[1]) then
  redis.call("expire", KEYS[1], ARGV[1])
end
return count
"""


class SteadyStorage(RedisStorage):
    """Counts in Redis, each count for one window at most, whatever becomes of its clock."""

    STORAGE_SCHEME = ["e-meter"]  # noqa: RUF012 - by this name `limits` finds it
    _count: Script

    def initialize_storage(self, uri: str) -> None:
        """Prepare the scripts."""
        super().initialize_storage(uri)
        self._count = self.get_connection().register_script(_COUNT)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more under the key, for `expiry` seconds from the first on; returns how many."""
        return int(self._count([self.prefixed_key(key)], [expiry, amount]))


class PromptLimiter(Limiter):
    """Counts in Redis again within four seconds of its return, as soon as somebody is counted."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:  # noqa: FBT001, FBT002 - flask-limiter's signature
        # It has no setting for this; a test in test_limiter.py finds out when the name is another one.
        doublings: int = self._Limiter__check_backend_count  # type: ignore[has-type]
        self._Limiter__check_backend_count = min(doublings, _MOST_DOUBLINGS)
        super()._check_request_limit(callable_name, in_middleware)


def make_limiter(app: Flask, key: Callable[[], str], connections: ConnectionPool) -> Limiter:
    """Build the application's limiter, which counts in the Redis of these connections."""
    return PromptLimiter(
        key,
        app=app,
        storage_uri=f"{SteadyStorage.STORAGE_SCHEME[0]}://",  # where it is, the connections know
        storage_options={"connection_pool": connections},  # type: ignore[dict-item]  # limits takes it
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
        key_prefix="e-meter",
    )
