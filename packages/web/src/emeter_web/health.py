"""Whether the parts that E-Meter stands on do their work."""

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

import redis
from flask import Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from emeter_core.processes import list_processes
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction

NOT_SEEN_FOR = timedelta(seconds=30)
_log = logging.getLogger("emeter.web")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the house; `why` says what is wrong where it is not `ok`."""

    name: str
    ok: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Looks at the database, Redis and the scheduler, each time anew."""

    sessions: SessionFactory
    clock: DatabaseClock
    redis: redis.Redis

    def look(self) -> list[Part]:
        """Ask every part; one that does not answer never raises."""
        return [*self._database_and_scheduler(), self._redis()]

    def _database_and_scheduler(self) -> list[Part]:
        try:
            self.clock.measure_if_old()
            with transaction(self.sessions) as session:
                schedulers = list_processes(session, name="scheduler")
                oldest = self.clock.now() - NOT_SEEN_FOR
                seen = any(scheduler.seen_at >= oldest for scheduler in schedulers)
        except SQLAlchemyError as error:
            # The address of the database is nothing for strangers.
            _log.warning("The database does not answer: %s", error)
            return [
                Part("database", ok=False, why="does not answer"),
                Part("scheduler", ok=False, why="unknown without the database"),
            ]
        why = "" if seen else f"not seen for {NOT_SEEN_FOR.seconds} s"
        return [Part("database", ok=True), Part("scheduler", ok=seen, why=why)]

    def _redis(self) -> Part:
        try:
            self.redis.ping()
        except redis.RedisError as error:
            _log.warning("Redis does not answer: %s", error)
            return Part("redis", ok=False, why="does not answer")
        return Part("redis", ok=True)


def healthz() -> Response:
    """Answer 200 where every part does its work, 503 otherwise, and say which does not."""
    health: Health = current_app.extensions["emeter_health"]
    parts = health.look()
    ok = all(part.ok for part in parts)
    answer = jsonify(ok=ok, parts=[asdict(part) for part in parts])
    answer.status_code = 200 if ok else 503
    answer.headers["Cache-Control"] = "no-store"
    return answer
