from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from emeter_core.processes import enlist
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction


@pytest.fixture
def seen(sessions: SessionFactory) -> Callable[..., None]:
    """Have a process been seen some seconds ago."""

    def see(name: str, *, seconds_ago: float) -> None:
        now = DatabaseClock(sessions.kw["bind"]).now()
        with transaction(sessions) as session:
            enlist(session, name, location_id=None, now=now - timedelta(seconds=seconds_ago))

    return see


def parts(client: FlaskClient) -> dict[str, tuple[bool, str]]:
    answer = client.get("/healthz").get_json()
    assert isinstance(answer, dict)
    return {part["name"]: (part["ok"], part["why"]) for part in answer["parts"]}


def test_all_is_well_where_every_part_does_its_work(client: FlaskClient, seen: Callable[..., None]) -> None:
    seen("scheduler", seconds_ago=1)

    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert parts(client) == {"database": (True, ""), "redis": (True, ""), "scheduler": (True, "")}


def test_a_scheduler_that_was_never_seen_is_missed(client: FlaskClient, seen: Callable[..., None]) -> None:
    seen("worker", seconds_ago=1)

    assert client.get("/healthz").status_code == 503
    assert parts(client)["scheduler"] == (False, "not seen for 30 s")


def test_a_scheduler_is_missed_after_thirty_seconds(client: FlaskClient, seen: Callable[..., None]) -> None:
    seen("scheduler", seconds_ago=31)
    assert parts(client)["scheduler"] == (False, "not seen for 30 s")

    seen("scheduler", seconds_ago=10)
    assert parts(client)["scheduler"] == (True, "")


def test_a_redis_that_is_away_is_told(make_app: Callable[[Settings], Flask], settings: Settings) -> None:
    client = make_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})).test_client()

    assert client.get("/healthz").status_code == 503
    assert parts(client)["redis"] == (False, "does not answer")
    assert parts(client)["database"] == (True, "")


def test_a_database_that_is_away_is_told_without_its_address(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    url = "postgresql+psycopg2://somebody:secret@127.0.0.1:1/hidden"
    client = make_app(settings.model_copy(update={"database_url": url})).test_client()

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert parts(client)["database"] == (False, "does not answer")
    assert parts(client)["scheduler"] == (False, "unknown without the database")
    assert parts(client)["redis"] == (True, "")
    assert "hidden" not in answer.text


def test_a_database_without_migrations_is_told(
    make_app: Callable[[Settings], Flask], settings: Settings, new_database: Callable[..., str]
) -> None:
    empty = settings.model_copy(update={"database_url": new_database(migrated=False)})

    assert parts(make_app(empty).test_client())["database"][0] is False
