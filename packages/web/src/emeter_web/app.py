"""The Flask application."""

import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry

from emeter_core.database import Database
from emeter_core.settings import Settings
from emeter_web import (
    bodies,
    context,
    csrf,
    db,
    errors,
    known_device,
    limits,
    method_override,
    proxies,
    refusals,
    request_counts,
    routes,
    security,
    session_cookie,
    templating,
    user_auth,
)
from emeter_web.live import setup as live
from emeter_web.router import GROUPS

# PostgreSQL lets a hundred in, and the checker needs its own.
_CONNECTIONS = 20
# Who waits longer for one of them, or for an answer, is told that the database is away.
_PATIENCE_S = 5.0
# A log-in waits for it twice at most before its limits are counted in memory.
_REDIS_TIMEOUT_S = 0.5
_MAX_BODY = 1024 * 1024
_MAX_PARTS = 100


def create_app(settings: Settings) -> Flask:
    """Build the application; nothing is connected before the first request."""
    app = Flask(__name__, static_folder=None)
    app.extensions["emeter"] = parts = _parts(settings)
    request_counts.register(app)
    bodies.register(app, max_bytes=_MAX_BODY, max_parts=_MAX_PARTS)
    is_https = settings.base_url.startswith("https://")
    session_cookie.register(app, parts.vault, is_https=is_https)
    known_device.register(app, parts.vault, is_https=is_https)
    security.register(app, is_https=is_https)
    csrf.register(app)
    user_auth.register(app)
    limits.register(app, parts.redis.connection_pool)
    errors.register(app)
    context.register(app)
    templating.register(app)
    live.register(app)
    routes.register(app, GROUPS)
    app.teardown_request(db.end_transaction)
    method_override.register(app)
    refusals.register(app)
    proxies.register(app, settings.trusted_proxies)
    return app


def _parts(settings: Settings) -> db.Parts:
    return db.Parts(
        settings,
        settings.vault(),
        Database.of(settings, name="emeter web", pool_size=_CONNECTIONS, patience=_PATIENCE_S),
        redis.Redis.from_url(
            settings.redis,
            socket_timeout=_REDIS_TIMEOUT_S,
            socket_connect_timeout=_REDIS_TIMEOUT_S,
            # A connection that Redis has closed meanwhile is opened anew; nothing else is waited for.
            retry=Retry(NoBackoff(), retries=1, supported_errors=(redis.ConnectionError,)),
        ),
    )
