"""A database that has the days of all histories, and a team in it."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from histories import LONGEST, STARTS

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.scope import Scope
from emeter_storage.engine import make_engine
from emeter_storage.partitions import ensure_partitions


@pytest.fixture(scope="module")
def connection_of_all_days(new_database) -> Iterator[Connection]:
    engine = make_engine(new_database())
    with engine.begin() as connection:
        for starts in STARTS.values():
            for start in starts:
                days = (LONGEST + timedelta(days=2)).days
                ensure_partitions(connection, start.date(), days_ahead=days)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def numbers(connection_of_all_days: Connection) -> Iterator[tuple[Session, Scope]]:
    """A session, and a team; all is rolled back after the test."""
    outer = connection_of_all_days.begin()
    with Session(connection_of_all_days, join_transaction_mode="create_savepoint") as session:
        user = register_user(
            session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=datetime.now(UTC)
        )
        yield session, scope_of(session, user)
    outer.rollback()
