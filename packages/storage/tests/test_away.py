"""What an error of the database means: that it is gone, or that one statement failed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from emeter_storage.away import AWAY, first_line, is_gone
from emeter_storage.engine import make_engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url, pool_size=1)
    yield made
    made.dispose()


def error_of(engine: Engine, statement: str) -> Exception:
    with pytest.raises(AWAY) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    return caught.value


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("SELECT 1 / 0", "division by zero"),
        ("DO $$ BEGIN RAISE deadlock_detected; END $$", "deadlock_detected"),
        ("DO $$ BEGIN RAISE disk_full; END $$", "disk_full"),
    ],
)
def test_one_statement_that_failed_is_no_database_that_is_gone(
    engine: Engine, statement: str, line: str
) -> None:
    error = error_of(engine, statement)
    assert not is_gone(error)
    assert first_line(error) == line


def test_a_connection_that_was_ended_is_gone(engine: Engine) -> None:
    assert is_gone(error_of(engine, "SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_server_that_cannot_be_reached_is_gone() -> None:
    nowhere = make_engine("postgresql+psycopg2://nobody@127.0.0.1:1/nothing")
    error = error_of(nowhere, "SELECT 1")
    assert is_gone(error)
    assert "Connection refused" in first_line(error)


def test_a_pool_that_is_used_up_is_gone(engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)
    with engine.connect(), pytest.raises(AWAY) as caught:
        engine.connect()
    assert not isinstance(caught.value, DBAPIError)
    assert is_gone(caught.value)


def test_what_is_no_error_of_a_database_is_not() -> None:
    assert not is_gone(ValueError("a bug\nof ours"))
    assert first_line(ValueError("a bug\nof ours")) == "a bug"
