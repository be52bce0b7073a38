"""Monitors of the person who is signed in, and checks of them that went as a test wants."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from emeter_core import checks
from emeter_core.accounts import User, scope_of
from emeter_core.checks import Finished
from emeter_core.monitors import create_monitor, draft_monitor
from emeter_core.outcome import Outcome, Phases, Reason
from emeter_core.scope import Scope
from emeter_core.settings import Settings
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory, make_engine, transaction

AddMonitor = Callable[..., uuid.UUID]
Check = Callable[..., datetime]
PHASES = Phases(4_000, 18_000, 37_000, 33_000, 2_000)


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return settings.vault()


@pytest.fixture
def now(settings: Settings) -> datetime:
    """The database's own time, on the grid of slots."""
    engine = make_engine(settings.database)
    clock = DatabaseClock(engine)
    clock.measure_if_old()
    engine.dispose()
    moment = clock.now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.fixture
def scope(sessions: SessionFactory, user: User) -> Scope:
    """On behalf of the person who is signed in."""
    with transaction(sessions) as session:
        return scope_of(session, user)


@pytest.fixture
def add_monitor(sessions: SessionFactory, scope: Scope, vault: Vault, now: datetime) -> AddMonitor:
    """Add a monitor of that person's team a minute ago; answers its public id."""

    def add(*, ago: float = 60, **fields: object) -> uuid.UUID:
        draft = draft_monitor(**{"target": "http://example.com/", "interval": 5, **fields})  # type: ignore[arg-type]
        with transaction(sessions) as session:
            at = now - timedelta(seconds=ago)
            return create_monitor(session, scope, draft, vault=vault, now=at).public_id

    return add


@pytest.fixture
def check(sessions: SessionFactory, now: datetime) -> Check:
    """Check all that was due so many seconds `ago`, and record one outcome for all; answers when."""

    def run(
        reason: Reason = Reason.OK, *, ago: float, phases: Phases = PHASES, **outcome: object
    ) -> datetime:
        at = now - timedelta(seconds=ago)
        found = Outcome(reason, phases, **outcome)  # type: ignore[arg-type]
        with transaction(sessions) as session:
            hint = checks.claim_due(
                session, location_id=1, after=at - timedelta(days=1), until=at, limit=100, now=at
            )
            taken = checks.take(session, hint, process_id=uuid.uuid4(), now=at)
            batch = [Finished(claim, found, at + timedelta(milliseconds=94), 2) for claim in taken]
            recorded = checks.record(session, batch, now=at + timedelta(milliseconds=200))
        assert recorded.counted, "nothing was due"
        return at

    return run


@pytest.fixture
def go_down(check: Check) -> Callable[..., None]:
    """Fail three times in a row, the last time 10 s ago: all monitors are down."""

    def fail(reason: Reason = Reason.UNEXPECTED_CODE, **outcome: object) -> None:
        for ago in (20, 15, 10):
            check(reason, ago=ago, **outcome)

    return fail
