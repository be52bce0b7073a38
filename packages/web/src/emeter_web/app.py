"""The Flask application."""

import redis
from flask import Flask, render_template

from emeter_core.database import Database
from emeter_core.settings import Settings
from emeter_web.health import Health, healthz

# PostgreSQL lets a hundred in, and the checker needs its own.
_CONNECTIONS = 20
_REDIS_TIMEOUT_S = 2


def create_app(settings: Settings) -> Flask:
    """Build the application; nothing is connected before the first request."""
    app = Flask(__name__)
    database = Database.of(settings, name="emeter web", pool_size=_CONNECTIONS)
    app.extensions["emeter_engine"] = database.engine
    app.extensions["emeter_health"] = Health(
        database.sessions,
        database.clock,
        redis.Redis.from_url(
            settings.redis, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        ),
    )
    app.add_url_rule("/", view_func=welcome)
    app.add_url_rule("/healthz", view_func=healthz)
    return app


def welcome() -> str:
    """Say that E-Meter runs, and what to do next."""
    return render_template("welcome.html")
