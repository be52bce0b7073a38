"""The pytest plugin of all packages: real servers, one migrated database, transactions rolled back."""

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from emeter_storage import migrator
from emeter_storage.engine import make_engine
from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer

_TEMPLATE = "emeter_template"
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Take Ctrl-C back: who runs the tests in the background ignores it, and what we start would, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    """A data directory of this run alone."""
    directory = DataDirectory(tmp_path_factory.mktemp("emeter") / "data")
    directory.prepare()
    return directory


@pytest.fixture(scope="session")
def postgres_server(data_directory: DataDirectory) -> Iterator[PostgresServer]:
    """A PostgreSQL of this run alone, ended with it."""
    server = PostgresServer(data_directory, fsync=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(data_directory: DataDirectory) -> Iterator[RedisServer]:
    """A Redis of this run alone, ended with it."""
    server = RedisServer(data_directory)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of this run's Redis."""
    return redis_server.url


@pytest.fixture(scope="session")
def engine(postgres_server: PostgresServer) -> Iterator[Engine]:
    """An engine on the migrated database of this run; what a test writes there must be rolled back."""
    engine = make_engine(postgres_server.url, name="tests")
    migrator.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction that is rolled back after the test."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session whose commits are savepoints of a transaction that is rolled back after the test."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> Iterator[Callable[..., str]]:
    """Make databases for tests that commit: migrated ones, or empty with `migrated=False`."""
    maintenance = make_engine(postgres_server.url, name="tests").execution_options(
        isolation_level="AUTOCOMMIT"
    )
    made: list[str] = []

    def create(name: str, template: str) -> str:
        with maintenance.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return make_url(postgres_server.url).set(database=name).render_as_string(hide_password=False)

    def database(*, migrated: bool = True) -> str:
        if migrated and not made:
            template = make_engine(create(_TEMPLATE, "template0"), name="tests")
            migrator.upgrade(template)
            template.dispose()
            made.append(_TEMPLATE)
        return create(f"emeter_{next(_numbers)}", _TEMPLATE if migrated else "template0")

    yield database
    maintenance.dispose()


@pytest.fixture
def database_url(new_database: Callable[..., str]) -> str:
    """The URL of a migrated database that is this test's own."""
    return new_database()
