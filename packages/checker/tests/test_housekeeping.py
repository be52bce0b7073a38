"""Housekeeping: partitions made, rollups, purges; beside the scheduler, which never waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_checker.housekeeping import Housekeeper
from emeter_checker.scheduler import Scheduler
from emeter_core import analytics
from emeter_core.database import Database
from emeter_core.retention import USUAL, Retention
from emeter_storage.partitions import drop_partitions, ensure_partitions, list_partitions


@pytest.fixture
def housekeeper(database) -> Housekeeper:
    return Housekeeper(database.sessions, database.clock, USUAL)


def days_of(database: Database) -> list:
    with database.engine.connect() as connection:
        return list_partitions(connection, "results")


def test_days_ahead_are_made(database, housekeeper) -> None:
    today = database.clock.now().astimezone(UTC).date()
    drop_partitions(database.engine, "results", today + timedelta(days=99))
    housekeeper.keep()
    assert days_of(database) == [today + timedelta(days=number) for number in range(-1, 8)]


def test_what_is_over_is_rolled_up_and_what_is_old_is_dropped(database, add_monitor) -> None:
    add_monitor()
    now = database.clock.now()
    old = (now - timedelta(days=30)).astimezone(UTC).date()
    with database.sessions.begin() as session:
        session.execute(text("UPDATE monitors SET inserted_at = inserted_at - interval '3 hours'"))
        session.execute(text("UPDATE status_changes SET effective_at = effective_at - interval '3 hours'"))
        analytics.roll_up(session, now=now - timedelta(days=40))
        ensure_partitions(session.connection(), old, days_ahead=0)
    Housekeeper(database.sessions, database.clock, Retention(raw=2)).keep()
    assert old not in days_of(database)
    with database.sessions.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM rollups_quarter")) >= 11
        assert session.scalar(text("SELECT count(*) FROM rollups_hour")) >= 2


def test_a_jump_of_the_clock_makes_days_at_once_and_drops_nothing_for_an_hour(
    database, housekeeper, monkeypatch
) -> None:
    monkeypatch.setattr(analytics, "purge", lambda *_, **__: pytest.fail("it dropped history"))
    housekeeper.notice_jump()
    housekeeper.keep()
    today = database.clock.now().astimezone(UTC).date()
    drop_partitions(database.engine, "results", today + timedelta(days=99))
    housekeeper.notice_jump()
    housekeeper.keep()
    assert len(days_of(database)) == 9


def test_its_thread_hears_of_a_jump_at_once(database, housekeeper) -> None:
    housekeeper.start()
    today = database.clock.now().astimezone(UTC).date()
    assert _until(lambda: len(days_of(database)) == 9)
    drop_partitions(database.engine, "results", today + timedelta(days=99))
    housekeeper.notice_jump()
    assert _until(lambda: len(days_of(database)) == 9)
    housekeeper.stop()


def test_each_task_comes_when_it_is_due(database, housekeeper, monkeypatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(analytics, "roll_up", lambda *_, **__: told.append("rolled up"))
    monkeypatch.setattr(analytics, "purge", lambda *_, **__: told.append("purged"))
    for _ in range(3):
        housekeeper.keep()
    assert told == ["rolled up", "purged"]


def test_a_task_that_fails_keeps_none_from_its_turn(database, housekeeper, monkeypatch, caplog) -> None:
    def fail(_session: Session, *, now: datetime) -> None:
        raise ZeroDivisionError

    told: list[str] = []
    monkeypatch.setattr(analytics, "roll_up", fail)
    monkeypatch.setattr(analytics, "purge", lambda *_, **__: told.append("purged"))
    with caplog.at_level(logging.WARNING):
        housekeeper.keep()
    assert told == ["purged"]
    assert [record.fields["task"] for record in caplog.records if record.exc_info] == ["roll up"]


def test_an_outage_of_the_database_is_told_in_a_line(caplog) -> None:
    away = Database.at("postgresql+psycopg2://nobody@127.0.0.1:1/nothing", name="tests")
    with caplog.at_level(logging.WARNING):
        Housekeeper(away.sessions, away.clock, USUAL).keep()
    assert "roll up" in [record.fields["task"] for record in caplog.records]
    assert "Traceback" not in caplog.text
    away.engine.dispose()


def test_no_tick_waits_for_it(database, redis, add_monitor, monkeypatch) -> None:
    add_monitor()
    held, free, stop = threading.Event(), threading.Event(), threading.Event()

    def hold(_session: Session, *, now: datetime) -> bool:
        held.set()
        free.wait(30)
        return False

    monkeypatch.setattr(analytics, "roll_up", hold)
    scheduler = Scheduler(database.sessions, database.clock, redis)
    running = threading.Thread(target=scheduler.run, args=(stop.wait,))
    running.start()
    assert held.wait(30)
    claimed = _until_claimed(database)
    stop.set()
    free.set()
    running.join(30)
    assert claimed
    assert not running.is_alive()


def _until_claimed(database: Database) -> bool:
    def is_claimed() -> bool:
        with database.engine.connect() as connection:
            return connection.execute(text("SELECT 1 FROM claims")).first() is not None

    return _until(is_claimed)


def _until(condition: Callable[[], bool]) -> bool:
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.05)
    return False
