"""The request's transaction: begun at its first use, committed before the answer leaves, else rolled back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

import redis
from flask import Flask, Response, current_app, g, make_response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from emeter_core.database import Database
from emeter_core.settings import Settings
from emeter_core.vault import Vault

View = Callable[..., ResponseReturnValue]
_FAILED = 500


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application stands on."""

    settings: Settings
    vault: Vault
    database: Database
    redis: redis.Redis

    def close(self) -> None:
        """Let go of all connections."""
        self.database.engine.dispose()
        self.redis.connection_pool.disconnect()


def parts(app: Flask | None = None) -> Parts:
    """What the application stands on, or the one of this request."""
    found: Parts = (app or current_app).extensions["emeter"]
    return found


def settings() -> Settings:
    """The settings of this installation."""
    return parts().settings


def vault() -> Vault:
    """The vault of this installation."""
    return parts().vault


def now() -> datetime:
    """The instant of this request, by the database's clock: the same for all that it does."""
    if "now" not in g:
        clock = parts().database.clock
        clock.measure_if_old()
        g.now = clock.now()
    instant: datetime = g.now
    return instant


def session() -> Session:
    """The session of this request; its transaction begins with the first statement."""
    if "db_session" not in g:
        # Measuring takes a connection of its own, so it comes before we hold one.
        now()
        g.db_session = parts().database.sessions()
    current: Session = g.db_session
    return current


def pause_transaction() -> None:
    """Commit what was done so far and give the connection back; the next statement begins anew.

    For what must not happen inside a transaction: a password hash, the network, a stream.
    """
    if "db_session" in g:
        g.has_committed = False
        session().commit()
        g.has_committed = True


def is_in_doubt() -> bool:
    """Whether a commit of this request failed: one that got no answer may have been done all the same."""
    return g.get("has_committed") is False


def end_transaction(_error: BaseException | None = None) -> None:
    """Roll back what was not committed, and give the connection back."""
    unfinished: Session | None = g.pop("db_session", None)
    if unfinished is not None:
        unfinished.close()


def transactional(view: View) -> View:
    """Commit once the view has answered, unless it failed; what it raises rolls back."""

    @wraps(view)
    def in_transaction(**arguments: object) -> Response:
        try:
            response = make_response(view(**arguments))
            if response.status_code < _FAILED:
                pause_transaction()
        finally:
            end_transaction()
        return response

    return in_transaction
