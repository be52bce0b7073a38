"""flask-limiter, as we make it: it counts in Redis, and in memory while Redis is away."""

from collections.abc import Callable

from flask import Flask
from flask_limiter import Limiter
from redis import ConnectionPool

# 2 ** 2 seconds: by then Redis is asked again. flask-limiter itself goes on doubling up to 32 s.
_MOST_DOUBLINGS = 2


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
        storage_uri="redis://",  # where it is, the connections know
        storage_options={"connection_pool": connections},  # type: ignore[dict-item]  # limits takes it
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
        key_prefix="e-meter",
    )
