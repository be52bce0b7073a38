"""A team with monitors in a database of the test's own, and a clock on it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.database import Database
from emeter_core.monitors import Monitor, create_monitor, draft_monitor
from emeter_core.vault import Vault


@pytest.fixture
def vault() -> Vault:
    return Vault("a secret of the tests, long enough")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url, name="tests", pool_size=10)
    yield database
    database.engine.dispose()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """This run's Redis, emptied."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture
def team(database: Database) -> Any:  # noqa: ANN401 - a scope
    with database.sessions.begin() as session:
        user = register_user(
            session, Registration("alice@example.com", "$2b$04$" + "x" * 53), now=database.clock.now()
        )
        return scope_of(session, user)


@pytest.fixture
def add_monitor(database: Database, team: Any, vault: Vault) -> Callable[..., Monitor]:  # noqa: ANN401 - a scope
    def add(**fields: Any) -> Monitor:  # noqa: ANN401 - passed on
        draft = draft_monitor(**{"target": "http://127.0.0.1:9/", "interval": 5, "timeout": 2, **fields})
        with database.sessions.begin() as session:
            return create_monitor(session, team, draft, vault=vault, now=database.clock.now())

    return add
