"""The application on this run's servers, with a database that the test may write."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory
from emeter_web.app import create_app

SECRET_KEY = "a secret of the tests, long enough"


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, secret_key=SECRET_KEY)


@pytest.fixture
def make_app() -> Iterator[Callable[[Settings], Flask]]:
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        app.extensions["emeter_engine"].dispose()
        app.extensions["emeter_health"].redis.close()


@pytest.fixture
def client(make_app: Callable[[Settings], Flask], settings: Settings) -> FlaskClient:
    return make_app(settings).test_client()


@pytest.fixture
def sessions(settings: Settings) -> Iterator[SessionFactory]:
    engine = make_engine(settings.database)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.fixture
def environment(settings: Settings, free_port: int) -> Mapping[str, str]:
    """The environment of a process that serves."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": SECRET_KEY,
        "PORT": str(free_port),
    }
