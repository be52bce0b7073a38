"""A heartbeat monitor, pings of its job, and a scheduler that looks."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from emeter_core.heartbeats import (
    HeartbeatView,
    HeartbeatWatch,
    Ping,
    PingKind,
    Taken,
    find_missing,
    get_heartbeat,
    take_ping,
)
from emeter_core.monitors import Monitor, Probe, create_monitor, draft_monitor
from emeter_core.scope import Scope
from emeter_core.vault import Vault

TOKEN = "a-token-that-the-tests-know"


@pytest.fixture
def add_heartbeat(session: Session, alice: Scope, vault: Vault, noon: datetime) -> Callable[..., Monitor]:
    def add(*, token: str = TOKEN, now: datetime = noon, **settings: object) -> Monitor:
        chosen = {"period": 300, "grace": 60} | settings
        draft = draft_monitor(name="Backup", kind="heartbeat", settings=chosen)
        return create_monitor(session, alice, draft, vault=vault, now=now, token=token)

    return add


@pytest.fixture
def ping(session: Session) -> Callable[..., Taken]:
    def send(at: datetime, kind: PingKind = PingKind.SUCCESS, *, token: str = TOKEN, **more: object) -> Taken:
        return take_ping(session, token, Ping(kind, **more), now=at)  # type: ignore[arg-type]

    return send


@pytest.fixture
def watched(session: Session, noon: datetime) -> Callable[..., None]:
    """Say that pings could be taken in these stretches, and in no others."""

    def watch(*stretches: tuple[datetime, datetime]) -> None:
        session.execute(delete(HeartbeatWatch))
        for since, until in stretches or [(noon - timedelta(days=9), noon + timedelta(days=9))]:
            session.execute(insert(HeartbeatWatch).values(since=since, until=until))

    watch()
    return watch


@pytest.fixture
def look(session: Session, watched: Callable[..., None]) -> Callable[[datetime], int]:
    return lambda now: find_missing(session, now=now)


@pytest.fixture
def view(session: Session, alice: Scope, vault: Vault) -> Callable[..., HeartbeatView]:
    def read(monitor: Monitor, now: datetime) -> HeartbeatView:
        return get_heartbeat(session, alice, monitor, vault=vault, now=now)

    return read


@pytest.fixture
def fresh(session: Session) -> Callable[[Monitor], tuple[Monitor, Probe]]:
    """A monitor and its probe as the database has them."""

    def read(monitor: Monitor) -> tuple[Monitor, Probe]:
        found = select(Monitor, Probe).join(Probe, Probe.monitor_id == Monitor.id)
        wanted = found.where(Monitor.id == monitor.id).execution_options(populate_existing=True)
        row = session.execute(wanted).one()
        return row[0], row[1]

    return read
