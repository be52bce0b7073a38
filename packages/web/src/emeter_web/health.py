"""Whether the parts that E-Meter stands on do their work."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import redis
from sqlalchemy.exc import SQLAlchemyError

from emeter_core.health import Health
from emeter_core.health import look as look_at_database
from emeter_core.logs import get_logger
from emeter_storage.away import first_line
from emeter_storage.engine import transaction
from emeter_web import db

NOT_SEEN_FOR = timedelta(seconds=30)
_log = get_logger("emeter.web")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the house; `why` says what is wrong where it is not `ok`."""

    name: str
    ok: bool
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        """The same for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Seen:
    """All parts, and what the database knows of the installation; None where it does not answer."""

    parts: list[Part]
    health: Health | None

    @property
    def is_well(self) -> bool:
        """Whether every part does its work."""
        return all(part.ok for part in self.parts)

    def as_dict(self) -> dict[str, object]:
        """The parts for JSON."""
        return {"ok": self.is_well, "parts": [part.as_dict() for part in self.parts]}


def look() -> Seen:
    """Ask every part anew; one that does not answer never raises."""
    health, parts = _database_and_processes()
    return Seen([*parts, _redis()], health)


def parts_of(health: Health, *, now: datetime) -> Iterator[Part]:
    """What the database knows of the others: who was seen, and whether checks come as they should."""
    yield _process("scheduler", seen=_is_alive(health.scheduler_seen_at, now))
    yield _process("worker", seen=health.workers > 0)
    yield _process("sender", seen=_is_alive(health.sender_seen_at, now))
    # Which network, and what is wrong with it, stands in the worker's log: this page is for everybody.
    yield Part("network", not health.offline, "away, so checks tell nothing" if health.offline else "")
    yield Part("monitors", not health.overdue, f"{health.overdue} overdue" if health.overdue else "")


def _database_and_processes() -> tuple[Health | None, list[Part]]:
    database = db.parts().database
    try:
        database.clock.measure_if_old()
        with transaction(database.sessions) as session:
            now = database.clock.now()
            health = look_at_database(session, now=now)
    except SQLAlchemyError as error:
        # The address of the database is nothing for strangers.
        _log.warning("The database does not answer", error=first_line(error))
        unknown = (
            Part(name, ok=False, why="unknown without the database")
            for name in ("scheduler", "worker", "sender", "network", "monitors")
        )
        return None, [Part("database", ok=False, why="does not answer"), *unknown]
    return health, [Part("database", ok=True), *parts_of(health, now=now)]


def _redis() -> Part:
    try:
        db.parts().redis.ping()
    except redis.RedisError as error:
        _log.warning("Redis does not answer", error=str(error))
        return Part("redis", ok=False, why="does not answer")
    return Part("redis", ok=True)


def _is_alive(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is not None and seen_at >= now - NOT_SEEN_FOR


def _process(name: str, *, seen: bool) -> Part:
    return Part(name, seen, "" if seen else f"not seen for {NOT_SEEN_FOR.seconds} s")
