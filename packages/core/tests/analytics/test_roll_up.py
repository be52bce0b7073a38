"""Rollups: made once a period is over, made again where something became known late, never twice in vain."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.analytics import Scale, Timespan, results, roll_up
from emeter_core.monitors import Monitor, delete_monitor, pause_monitor
from emeter_core.outcome import Reason
from emeter_core.rollups import RollupProgress, mark_dirty
from emeter_core.rollups.dirty import SETTLED_AFTER, Late
from emeter_core.testing.filling import fill
from emeter_storage.engine import make_engine, make_session_factory

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def rows(session: Session, level: str, columns: str = "begin, checks, up_us") -> list[tuple[object, ...]]:
    seconds = {"quarter": 900, "hour": 3600, "day": 86_400}[level]
    more = f"to_timestamp(period::bigint * {seconds}) AS begin, ctid::text AS place"
    source = f"(SELECT *, {more} FROM rollups_{level}) AS r"
    found = session.execute(text(f"SELECT {columns} FROM {source} ORDER BY monitor_id, period"))
    return [tuple(row) for row in found]


def steps(session: Session, now: datetime) -> int:
    """How many steps it takes until there is nothing to do."""
    count = 0
    while roll_up(session, now=now):
        count += 1
    return count


@pytest.fixture
def watched(add_monitor, change, checked, noon) -> Monitor:
    """Up and checked every five minutes from half past ten to noon."""
    monitor: Monitor = add_monitor(now=noon - 1.5 * HOUR)
    change(monitor, "up", noon - 1.5 * HOUR)
    for number in range(18):
        checked(monitor, noon - 1.5 * HOUR + number * 5 * MINUTE)
    return monitor


def test_a_quarter_hour_is_made_when_it_has_settled(session, watched, noon) -> None:
    steps(session, noon - HOUR + SETTLED_AFTER - timedelta(seconds=1))
    assert len(rows(session, "quarter")) == 1
    steps(session, noon - HOUR + SETTLED_AFTER)
    us = 900 * 1_000_000
    assert rows(session, "quarter") == [(noon - 1.5 * HOUR, 3, us), (noon - HOUR - QUARTER, 3, us)]


def test_hours_and_days_are_made_of_what_is_below_them(session, watched, noon) -> None:
    steps(session, noon + DAY)
    assert [row[:2] for row in rows(session, "hour")][:2] == [(noon - 2 * HOUR, 6), (noon - HOUR, 12)]
    assert rows(session, "day", "checks, ok, failures, up_us") == [
        (18, 18, 0, int((1.5 + 12) * 3600) * 1_000_000)
    ]


def test_what_is_made_is_not_made_again(session, watched, noon) -> None:
    now = noon + 20 * MINUTE
    assert steps(session, now) > 0
    before = rows(session, "quarter", "begin, place")
    assert steps(session, now) == 0
    assert rows(session, "quarter", "begin, place") == before


def test_after_a_pause_it_catches_up(session, watched, noon) -> None:
    steps(session, noon)
    steps(session, noon + 9 * DAY)
    assert len(rows(session, "day")) == 9
    assert len(rows(session, "hour")) == 2 + 12 + 8 * 24 + 11
    assert steps(session, noon + 9 * DAY) == 0


def test_a_late_status_is_told_in_all_periods_that_it_reaches(session, watched, change, noon) -> None:
    now = noon + DAY
    steps(session, now)
    change(watched, "down", noon - 40 * MINUTE, reason=Reason.TIMEOUT)
    mark_dirty(session, [Late(watched.id, noon - 40 * MINUTE)], now=now)
    assert steps(session, now) > 0
    minutes = 60 * 1_000_000
    downs = {begin: down for begin, down in rows(session, "quarter", "begin, down_us") if down}
    assert downs[noon - 45 * MINUTE] == 10 * minutes
    assert downs[noon - 30 * MINUTE] == 15 * minutes
    hours = {
        begin: (up, down, checks)
        for begin, up, down, checks in rows(session, "hour", "begin, up_us, down_us, checks")
    }
    assert hours[noon - HOUR] == (20 * minutes, 40 * minutes, 12)
    assert hours[noon] == (None, 60 * minutes, 0)
    [(_, down)] = rows(session, "day", "up_us, down_us")
    assert down == (12 * 60 + 40) * minutes


def test_a_late_result_is_counted(session, watched, checked, noon) -> None:
    now = noon + DAY
    steps(session, now)
    slot = noon - 44 * MINUTE
    checked(watched, slot, reason=Reason.TIMEOUT)
    mark_dirty(session, [Late(watched.id, slot)], checks=True, now=now)
    steps(session, now)
    assert {
        (begin, checks, failures)
        for begin, checks, failures in rows(session, "quarter", "begin, checks, failures")
        if failures
    } == {(noon - 45 * MINUTE, 4, 1)}
    assert rows(session, "day", "checks, ok, failures") == [(19, 18, 1)]


def test_what_was_counted_stays_when_its_results_are_gone(session, watched, change, noon) -> None:
    now = noon + DAY
    steps(session, now)
    session.execute(text("DELETE FROM results"))
    session.execute(
        text("UPDATE rollups_progress SET kept_since = :kept WHERE level = 'raw'"), {"kept": noon + 12 * HOUR}
    )
    change(watched, "down", noon - 40 * MINUTE)
    mark_dirty(session, [Late(watched.id, noon - 40 * MINUTE)], now=now)
    mark_dirty(session, [Late(watched.id, noon - 40 * MINUTE)], checks=True, now=now)
    steps(session, now)
    assert sum(checks for _, checks, _ in rows(session, "quarter")) == 18
    assert rows(session, "day", "checks, down_us / 60000000") == [(18, 12 * 60 + 40)]


def test_a_paused_monitor_has_rows_that_say_so(session, alice, watched, noon) -> None:
    pause_monitor(session, alice, watched, now=noon)
    steps(session, noon + 30 * MINUTE)
    assert rows(session, "quarter", "begin, checks, paused_us")[-1] == (
        noon + QUARTER - QUARTER,
        0,
        900_000_000,
    )


def test_a_monitor_has_no_rows_from_before_it_was_made(session, watched, add_monitor, noon) -> None:
    young = add_monitor(now=noon)
    steps(session, noon + 30 * MINUTE)
    own = rows(session, "quarter", "monitor_id, begin, pending_us")
    assert [row[1:] for row in own if row[0] == young.id] == [(noon, 900_000_000)]


def test_days_go_with_their_monitor(session, alice, watched, noon) -> None:
    steps(session, noon + DAY)
    delete_monitor(session, alice, watched, now=noon + DAY)
    session.flush()
    assert rows(session, "day") == []
    assert steps(session, noon + 2 * DAY) > 0


def test_what_was_made_while_the_clock_was_ahead_is_made_again(
    session, alice, watched, checked, noon
) -> None:
    steps(session, noon + DAY)
    assert sum(checks for _, checks, _ in rows(session, "hour")) == 18
    for number in range(12):
        checked(watched, noon + number * 5 * MINUTE)
    steps(session, noon + HOUR + 20 * MINUTE)
    assert {begin: checks for begin, checks, _ in rows(session, "hour")}[noon] == 12
    now = noon + HOUR + 20 * MINUTE
    found = results(session, alice, watched, Timespan(noon, noon + 2 * HOUR), Scale.HOUR, now=now)
    assert [bucket.checks for bucket in found.buckets] == [12, 0]


def test_many_monitors_are_taken_in_parts(session, alice, noon, monkeypatch) -> None:
    filled = fill(session, alice, now=noon, monitors=25, interval=300, hours=1, days=1, flaps=4)
    for level in ("raw", "quarter", "hour", "day"):
        session.add(RollupProgress(level=level, done_until=noon - HOUR))
    session.flush()
    # The package's name for it is the function.
    monkeypatch.setattr(import_module("emeter_core.analytics.roll_up"), "MOST_ROWS", 10)
    assert steps(session, noon + SETTLED_AFTER) == 4 * 3 + 3
    per_monitor = rows(session, "quarter", "monitor_id, count(*) OVER (PARTITION BY monitor_id)")
    # Two of them are younger than the hour.
    assert len({row[0] for row in per_monitor}) == len(filled.monitor_ids)
    assert sum(count for (count,) in rows(session, "quarter", "checks")) == session.scalar(
        text("SELECT count(*) FROM results WHERE slot < :noon AND slot >= :since"),
        {"noon": noon, "since": noon - HOUR},
    )


@pytest.fixture
def own(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


def test_many_processes_make_each_period_once(own: Engine) -> None:
    sessions = make_session_factory(own)
    now = datetime.now(UTC).replace(minute=20, second=0, microsecond=0)
    with sessions.begin() as session:
        user = register_user(session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=now)
        fill(session, scope_of(session, user), now=now, monitors=20, interval=60, hours=2, days=1, flaps=4)

    def run() -> None:
        for _ in range(60):
            with sessions.begin() as session:
                roll_up(session, now=now)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions.begin() as session:
        assert steps(session, now) == 0
        counted = sum(count for (count,) in rows(session, "quarter", "checks"))
        done = session.scalar(text("SELECT done_until FROM rollups_progress WHERE level = 'quarter'"))
        stored = session.scalar(text("SELECT count(*) FROM results WHERE slot < :done"), {"done": done})
    assert counted == stored > 1000
