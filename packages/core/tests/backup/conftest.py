"""An instance with somebody in it, whose commits are real; and a place to restore it to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.backup import DOMAIN
from emeter_core.processes import check_secret
from emeter_core.testing.filling import fill
from emeter_core.vault import Vault
from emeter_storage.backup import ArchiveReader, back_up, restore
from emeter_storage.backup.progress import Progress
from emeter_storage.engine import make_engine, make_session_factory

KEY = "a secret of the tests, long enough"


@dataclass
class Place:
    """A database, asked and changed by statements."""

    engine: Engine

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def one(self, statement: str, **values: object) -> object:
        [(found,)] = self.rows(statement, **values)
        return found

    def run(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY_OLD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path / "data"))
    return KEY


@pytest.fixture
def old(new_database: Callable[..., str]) -> Iterator[Place]:
    """Twenty monitors with three open incidents and an hour of results."""
    engine = make_engine(new_database(), name="tests")
    with make_session_factory(engine).begin() as session:
        now: datetime = session.execute(text("SELECT now()")).scalar_one()
        check_secret(session, Vault(KEY), now=now)
        user = register_user(session, Registration("alice@example.com", "$2b$04$" + "x" * 53), now=now)
        fill(session, scope_of(session, user), now=now, monitors=20, hours=1, days=2, flaps=10)
    yield Place(engine)
    engine.dispose()


@pytest.fixture
def new(new_database: Callable[..., str]) -> Iterator[Place]:
    """An empty database."""
    engine = make_engine(new_database(migrated=False), name="emeter restore", pool_size=2)
    yield Place(engine)
    engine.dispose()


@pytest.fixture
def move(old: Place, new: Place, tmp_path: Path) -> Callable[..., list[str]]:
    """Back the old one up, and restore it into the new one."""

    def run(*, send_waiting: bool = False, with_results: bool = True) -> list[str]:
        path = tmp_path / "backup"
        with path.open("wb") as file:
            back_up(old.engine, file, DOMAIN, with_results=with_results, progress=Progress(""))
        archive = ArchiveReader(path)
        try:
            return restore(new.engine, archive, DOMAIN, send_waiting=send_waiting, progress=Progress(""))
        finally:
            archive.close()

    return run
