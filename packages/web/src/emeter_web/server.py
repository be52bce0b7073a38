"""gunicorn, driven from code: one process with many threads."""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it ships no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # the same

from emeter_core.database import Database
from emeter_core.logs import get_logger, setup_logging
from emeter_core.settings import Settings
from emeter_core.supervisor.port import require_free_port, web_address
from emeter_web.app import create_app
from emeter_web.db import parts
from emeter_web.heartbeat_watch import HeartbeatWatch
from emeter_web.live.room import make_room, room_for_connections
from emeter_web.live.setup import hub_of
from emeter_web.worker import Worker

_THREADS = 256
# gunicorn ends in order within this, and then in disorder.
_GRACE_S = 4
_log = get_logger("emeter.web")


def serve(settings: Settings, *, ready: str) -> None:
    """Serve until SIGTERM; `ready` begins the line that tells when. Raises UserError where it cannot."""
    setup_logging("web", settings.log)
    make_room()
    require_free_port(settings.host, settings.port)
    _require_secret(settings)
    Server(settings, ready).run()


class Server(BaseApplication):  # type: ignore[misc]  # the same
    """gunicorn with our settings alone: no file, no environment, no command line of its own."""

    def __init__(self, settings: Settings, ready: str) -> None:
        self._settings, self._ready = settings, ready
        self.flask: Flask | None = None
        self._watch: HeartbeatWatch | None = None
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn what it shall do."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "worker_class": Worker,
            "workers": 1,
            "threads": _THREADS,
            "worker_connections": room_for_connections(),
            "graceful_timeout": _GRACE_S,
            "logger_class": PlainLogger,
            "loglevel": "warning",
            "errorlog": None,
            "control_socket_disable": True,
            # Headers of proxies are believed only where TRUSTED_PROXIES says so, which is the application's.
            "forwarded_allow_ips": "",
            "post_worker_init": self._say_ready,
            "worker_exit": self._end_pages,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application, in gunicorn's worker."""
        self.flask = create_app(self._settings)
        return self.flask

    def _end_pages(self, _arbiter: object, _worker: object) -> None:
        """Open pages hold no request, so gunicorn knows nothing of them."""
        if self._watch is not None:
            self._watch.stop()
        if self.flask is not None:
            hub_of(self.flask).close()

    def _say_ready(self, _worker: object) -> None:
        if self.flask is not None:
            self._watch = HeartbeatWatch(parts(self.flask))
            self._watch.start()
        address = web_address(
            self._settings.host, self._settings.port, is_on_loopback=self._settings.is_on_loopback
        )
        _log.announce(f"{self._ready} {address}")


class PlainLogger(Logger):  # type: ignore[misc]  # the same
    """gunicorn's log, handed on to that of the process."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn has no types
        """Leave its lines to the root logger."""
        super().setup(cfg)
        self.error_log.propagate = True


def _require_secret(settings: Settings) -> None:
    """Stop here where the database was made with another SECRET_KEY."""
    vault = settings.vault()
    database = Database.of(settings, name="emeter web")
    try:
        database.require_secret(vault)
    finally:
        database.engine.dispose()
