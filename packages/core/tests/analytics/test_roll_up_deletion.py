"""Rollups of days and the end of monitors meet in the same rows: neither fails for the other."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from emeter_core.accounts import Registration, User, register_user, scope_of
from emeter_core.accounts.deletion import UserDeletion, delete_user
from emeter_core.analytics import roll_up
from emeter_core.monitors import Monitor, delete_monitor
from emeter_core.rollups import mark_dirty
from emeter_core.rollups.dirty import Late
from emeter_core.scope import Scope
from emeter_core.testing.filling import fill
from emeter_core.vault import Vault
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory

DAY = timedelta(days=1)
ROUNDS = 8


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    """Connections of our own: what they write is committed."""
    engine = make_engine(database_url, pool_size=8)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0)


@pytest.fixture
def populate(sessions: SessionFactory, now: datetime) -> Callable[[str], User]:
    """Make a user with monitors and their rollups of three days."""

    def make(name: str) -> User:
        with sessions.begin() as session:
            user = register_user(session, Registration(f"{name}@example.com", "$2b$04$" + "x" * 53), now=now)
            fill(
                session,
                scope_of(session, user),
                now=now,
                monitors=10,
                interval=3600,
                hours=2,
                days=3,
                flaps=2,
            )
        return user

    return make


def exhaust(sessions: SessionFactory, now: datetime) -> None:
    """Roll up until there is nothing to do."""
    more = True
    while more:
        with sessions.begin() as session:
            more = roll_up(session, now=now)


def monitors_of(session: Session, user: User) -> tuple[Scope, list[Monitor]]:
    scope = scope_of(session, user)
    return scope, list(session.scalars(select(Monitor).where(Monitor.team_id == scope.team.id)))


def waits_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        waiting = "wait_event_type = 'Lock' AND datname = current_database()"
        found = connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}"))
        return bool(found.scalar_one())


def delete_while_rolling_up(sessions: SessionFactory, user: User, now: datetime) -> int:
    """Delete a monitor that a roll-up waits for; returns whose it was."""
    with ThreadPoolExecutor(1) as other, sessions.begin() as session:
        scope, (monitor, *_) = monitors_of(session, user)
        session.execute(select(Monitor).where(Monitor.id == monitor.id).with_for_update())
        rolling = other.submit(exhaust, sessions, now)
        deadline = time.monotonic() + 20
        while not waits_for_a_lock(session.get_bind().engine):  # type: ignore[union-attr]
            assert time.monotonic() < deadline
            assert not rolling.done()
        delete_monitor(session, scope, monitor, now=now)
        session.commit()
        rolling.result(20)
    return monitor.id


def days_of(sessions: SessionFactory, monitor_id: int) -> int:
    with sessions.begin() as session:
        found = text("SELECT count(*) FROM rollups_day WHERE monitor_id = :monitor_id")
        return int(session.execute(found, {"monitor_id": monitor_id}).scalar_one())


def test_a_monitor_that_goes_while_its_day_is_made_has_none(sessions, populate, now) -> None:
    user = populate("me")
    assert days_of(sessions, delete_while_rolling_up(sessions, user, now)) == 0


def test_a_monitor_that_goes_while_its_days_are_made_anew_ends_no_step(sessions, populate, now) -> None:
    user = populate("me")
    exhaust(sessions, now)
    with sessions.begin() as session:
        _, (monitor, *_) = monitors_of(session, user)
        # One day is made anew and another for the first time: that locks a row, this asks for its monitor.
        session.execute(text("DELETE FROM rollups_day WHERE period = (SELECT max(period) FROM rollups_day)"))
        mark_dirty(session, [Late(monitor.id, now - 2 * DAY)], checks=False, now=now)
    assert days_of(sessions, delete_while_rolling_up(sessions, user, now)) == 0


def test_what_became_known_late_of_a_monitor_that_is_gone_is_passed_over(sessions, populate, now) -> None:
    user = populate("me")
    exhaust(sessions, now)
    with sessions.begin() as session:
        scope, (monitor, *_) = monitors_of(session, user)
        mark_dirty(session, [Late(monitor.id, now - DAY)], checks=True, now=now)
        delete_monitor(session, scope, monitor, now=now)
    exhaust(sessions, now)
    with sessions.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM rollups_dirty")) == 0
    assert days_of(sessions, monitor.id) == 0


def test_monitors_and_accounts_go_while_days_are_made(sessions, populate, now) -> None:
    """Many rounds, each with a new day, with what became known late, and with ends of both sizes."""
    users = [populate(f"user{number}") for number in range(ROUNDS)]
    vault = Vault("a secret for these tests, long enough")
    over = threading.Event()

    def keep_rolling() -> None:
        moment = now
        while not over.is_set():
            moment += DAY
            with sessions.begin() as session:
                late = [Late(each, moment - 2 * DAY) for each in session.scalars(select(Monitor.id))]
                mark_dirty(session, late, now=moment)
            exhaust(sessions, moment)

    def end(user: User) -> None:
        for _ in range(3):
            with sessions.begin() as session:
                scope, (monitor, *_) = monitors_of(session, user)
                delete_monitor(session, scope, monitor, now=now)
        with sessions.begin() as session:
            delete_user(session, UserDeletion(user.id, user.hashed_password), vault=vault, now=now)

    with ThreadPoolExecutor(3) as pool:
        rolling = pool.submit(keep_rolling)
        try:
            list(pool.map(end, users))
        finally:
            over.set()
        rolling.result(60)
    with sessions.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM rollups_day")) == 0
