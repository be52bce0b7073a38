"""Monitors: made, changed, paused, resumed, checked now and deleted, by their own team alone."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from emeter_core import checks
from emeter_core.checks import Claim
from emeter_core.errors import NotFound
from emeter_core.incidents import StatusChange
from emeter_core.monitors import (
    Monitor,
    Probe,
    Status,
    check_monitor_now,
    create_monitor,
    delete_monitor,
    draft_monitor,
    get_monitor,
    location_id_of,
    pause_monitor,
    resume_monitor,
    update_monitor,
)
from emeter_core.scope import Scope
from emeter_core.vault import Vault

NEW = draft_monitor(target="http://example.com/new", name="New", interval=30, timeout=5, down_after=1)
MINUTE = timedelta(minutes=1)


def update(session: Session, scope: Scope, monitor: Monitor, *, now: datetime) -> None:
    update_monitor(session, scope, monitor, NEW, vault=Vault("x" * 32), now=now)


ACTIONS = [update, pause_monitor, resume_monitor, delete_monitor, check_monitor_now]


def probe_of(session: Session, monitor: Monitor) -> Probe:
    return session.scalars(
        select(Probe).where(Probe.monitor_id == monitor.id).execution_options(populate_existing=True)
    ).one()


def claims_of(session: Session) -> Sequence[Claim]:
    return session.scalars(select(Claim).order_by(Claim.slot).execution_options(populate_existing=True)).all()


def history(session: Session) -> list[tuple[datetime, str, bool]]:
    changes = session.scalars(select(StatusChange).order_by(StatusChange.id))
    return [(change.effective_at, change.condition, change.paused) for change in changes]


def rows_of(session: Session) -> Sequence[Row[*tuple[object, ...]]]:
    """All that is stored of all monitors."""
    return session.execute(
        text("SELECT CAST(m AS text), CAST(p AS text) FROM monitors m JOIN probes p ON p.monitor_id = m.id")
    ).all()


@pytest.fixture
def claim(session: Session) -> Callable[[datetime], int]:
    """Claim what is due and tell how many slots that is."""

    def run(now: datetime) -> int:
        hint = checks.claim_due(
            session, location_id=1, after=now - timedelta(days=9), until=now, limit=99, now=now
        )
        return len(hint.claims)

    return run


def test_a_new_monitor_is_pending_and_due_at_once(session, alice, vault, noon) -> None:
    moment = noon + timedelta(microseconds=123_456)
    monitor = create_monitor(session, alice, NEW, vault=vault, now=moment)
    assert (monitor.team_id, monitor.version, monitor.status) == (alice.team.id, 1, Status.PENDING)
    assert (monitor.name, monitor.target, monitor.kind) == ("New", "http://example.com/new", "http")
    assert (monitor.inserted_at, monitor.updated_at, monitor.condition_since) == (moment, moment, moment)
    probe = probe_of(session, monitor)
    assert (probe.interval_ms, probe.timeout_ms, probe.enabled) == (30_000, 5_000, True)
    assert probe.next_slot == noon + timedelta(milliseconds=123)
    assert history(session) == [(moment, "pending", False)]


def test_a_monitor_is_found_by_its_id(session, alice, add_monitor) -> None:
    monitor = add_monitor()
    assert get_monitor(session, alice, monitor.public_id) is monitor
    assert get_monitor(session, alice, str(monitor.public_id)) is monitor


@pytest.mark.parametrize("public_id", ["", "7", "x" * 36, "\0", "\ud800", "1; DROP TABLE monitors", "é" * 9])
def test_a_malformed_id_is_not_found(session, alice, public_id: str) -> None:
    with pytest.raises(NotFound, match="There is no monitor with the id"):
        get_monitor(session, alice, public_id)


def test_an_id_that_nothing_has_is_not_found(session, alice) -> None:
    with pytest.raises(NotFound):
        get_monitor(session, alice, uuid.uuid4())


def test_charlie_does_not_find_the_monitor_of_alice(session, charlie, add_monitor) -> None:
    with pytest.raises(NotFound):
        get_monitor(session, charlie, add_monitor().public_id)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
@pytest.mark.parametrize("paused", [False, True])
def test_charlie_changes_nothing_of_alice(
    session, alice, charlie, add_monitor, claim, noon, action, paused
) -> None:
    monitor = add_monitor()
    claim(noon)
    if paused:
        pause_monitor(session, alice, monitor, now=noon)
    before = (rows_of(session), len(claims_of(session)), history(session))
    with pytest.raises(NotFound):
        action(session, charlie, monitor, now=noon + MINUTE)
    session.flush()
    assert (rows_of(session), len(claims_of(session)), history(session)) == before


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_what_was_deleted_is_not_found(session, alice, add_monitor, noon, action) -> None:
    monitor = add_monitor()
    delete_monitor(session, alice, monitor, now=noon)
    with pytest.raises(NotFound):
        action(session, alice, monitor, now=noon)


def test_an_update_is_a_new_version_that_is_due_at_once(
    session, alice, vault, add_monitor, claim, noon
) -> None:
    monitor = add_monitor()
    assert claim(noon) == 1
    update_monitor(session, alice, monitor, NEW, vault=vault, now=noon + MINUTE)
    session.refresh(monitor)
    assert (monitor.version, monitor.name, monitor.target) == (2, "New", "http://example.com/new")
    assert (monitor.interval_seconds, monitor.timeout_seconds, monitor.down_after) == (30, 5, 1)
    assert (monitor.inserted_at, monitor.updated_at) == (noon, noon + MINUTE)
    probe = probe_of(session, monitor)
    assert (probe.interval_ms, probe.timeout_ms, probe.next_slot) == (30_000, 5_000, noon + MINUTE)
    assert claims_of(session) == []
    assert claim(noon + MINUTE) == 1


def test_an_update_leaves_the_other_monitors_alone(session, alice, vault, add_monitor, claim, noon) -> None:
    monitor, other = add_monitor(), add_monitor()
    claim(noon)
    update_monitor(session, alice, monitor, NEW, vault=vault, now=noon)
    session.refresh(other)
    assert (other.version, other.name) == (1, "example.com")
    assert [each.probe_id for each in claims_of(session)] == [probe_of(session, other).id]


def test_an_update_of_a_paused_monitor_does_not_resume_it(session, alice, vault, add_monitor, noon) -> None:
    monitor = add_monitor()
    pause_monitor(session, alice, monitor, now=noon)
    update_monitor(session, alice, monitor, NEW, vault=vault, now=noon)
    assert (monitor.status, probe_of(session, monitor).enabled) == (Status.PAUSED, False)


def test_a_paused_monitor_is_not_claimed_and_keeps_its_condition(
    session, alice, add_monitor, claim, noon
) -> None:
    monitor = add_monitor()
    claim(noon)
    pause_monitor(session, alice, monitor, now=noon + MINUTE)
    assert (monitor.status, monitor.condition, monitor.paused_at) == (
        Status.PAUSED,
        "pending",
        noon + MINUTE,
    )
    assert claims_of(session) == []
    assert claim(noon + 9 * MINUTE) == 0


def test_pausing_twice_is_pausing_once(session, alice, add_monitor, noon) -> None:
    monitor = add_monitor()
    for moment in (noon + MINUTE, noon + 2 * MINUTE):
        pause_monitor(session, alice, monitor, now=moment)
    assert monitor.paused_at == noon + MINUTE
    assert history(session) == [(noon, "pending", False), (noon + MINUTE, "pending", True)]


def test_a_resumed_monitor_is_pending_and_due_at_once(session, alice, add_monitor, claim, noon) -> None:
    monitor = add_monitor()
    session.execute(text("UPDATE monitors SET condition = 'up'"))
    session.execute(
        text("UPDATE probes SET condition = 'up', successes = 9, last_slot = :noon, streak_since = :noon"),
        {"noon": noon},
    )
    pause_monitor(session, alice, monitor, now=noon + MINUTE)
    for moment in (noon + 2 * MINUTE, noon + 3 * MINUTE):
        resume_monitor(session, alice, monitor, now=moment)
    assert (monitor.status, monitor.condition_since) == (Status.PENDING, noon + 2 * MINUTE)
    probe = probe_of(session, monitor)
    assert (probe.condition, probe.successes, probe.last_slot, probe.streak_since) == (
        "pending",
        0,
        None,
        None,
    )
    assert (probe.enabled, probe.next_slot) == (True, noon + 2 * MINUTE)
    assert history(session)[1:] == [(noon + MINUTE, "up", True), (noon + 2 * MINUTE, "pending", False)]
    assert claim(noon + 2 * MINUTE) == 1


def test_a_deleted_monitor_leaves_nothing_but_its_results(session, alice, add_monitor, claim, noon) -> None:
    monitor, other = add_monitor(), add_monitor(name="Other")
    claim(noon)
    delete_monitor(session, alice, monitor, now=noon)
    assert session.scalars(select(Monitor.name)).all() == ["Other"]
    assert session.scalars(select(Probe.monitor_id)).all() == [other.id]
    assert len(claims_of(session)) == len(history(session)) == 1


def test_the_first_location_is_local(session) -> None:
    assert location_id_of(session) == location_id_of(session, "local")
    with pytest.raises(NotFound, match="no location called Mars"):
        location_id_of(session, "Mars")
