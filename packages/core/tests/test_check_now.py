"""A check that somebody asks for: beside the schedule, one at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from emeter_core import checks
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.checks import Claim
from emeter_core.monitors import (
    CheckNow,
    Probe,
    check_monitor_now,
    create_monitor,
    draft_monitor,
    pause_monitor,
    resume_monitor,
)
from emeter_storage.engine import make_engine

MINUTE, SECOND, MILLISECOND = timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)


@pytest.fixture
def claims(session: Session) -> Callable[[], Sequence[Claim]]:
    wanted = select(Claim).order_by(Claim.slot).execution_options(populate_existing=True)
    return lambda: session.scalars(wanted).all()


@pytest.fixture
def found(session: Session) -> Callable[[datetime], None]:
    """Have the check of a slot end: its claim goes, and the probe knows its slot."""

    def end(slot: datetime) -> None:
        session.execute(text("DELETE FROM claims WHERE slot = :slot"), {"slot": slot})
        session.execute(update(Probe).values(last_slot=slot))

    return end


def test_it_is_a_claim_beside_the_schedule(session, alice, add_monitor, claims, noon) -> None:
    monitor = add_monitor(timeout=20)
    slot = noon + timedelta(seconds=7, milliseconds=1)
    asked = check_monitor_now(session, alice, monitor, now=slot + timedelta(microseconds=999))
    assert asked == CheckNow(slot, is_new=True)
    [claim] = claims()
    assert (claim.kind, claim.slot, claim.lease_until) == ("now", slot, slot + timedelta(seconds=25))
    assert (claim.hinted_at, claim.taken_by) == (None, None)
    assert session.scalars(select(Probe.next_slot)).one() == noon


def test_while_one_waits_or_is_under_way_another_adds_none(session, alice, add_monitor, claims, noon) -> None:
    monitor = add_monitor()
    check_monitor_now(session, alice, monitor, now=noon)
    for later in (timedelta(), MILLISECOND, 5 * SECOND, 60 * MINUTE):
        assert check_monitor_now(session, alice, monitor, now=noon + later) == CheckNow(noon, is_new=False)
    assert [claim.slot for claim in claims()] == [noon]


def test_two_seconds_after_one_began_there_may_be_another(
    session, alice, add_monitor, claims, found, noon
) -> None:
    monitor = add_monitor()
    check_monitor_now(session, alice, monitor, now=noon)
    found(noon)
    for early in (timedelta(), 1999 * MILLISECOND):
        told = check_monitor_now(session, alice, monitor, now=noon + early)
        assert told == CheckNow(noon, is_new=False, is_open=False)
        assert told.words == "was checked less than 2 seconds ago"
    assert claims() == []
    later = noon + 2 * SECOND
    assert check_monitor_now(session, alice, monitor, now=later) == CheckNow(later, is_new=True)


def test_a_check_of_the_schedule_that_just_began_will_do(session, alice, add_monitor, noon) -> None:
    monitor, other = add_monitor(), add_monitor(name="Other")
    checks.claim_due(session, location_id=1, until=noon, limit=1, now=noon)
    [busy] = session.scalars(select(Probe.monitor_id).join(Claim, Claim.probe_id == Probe.id))
    first, second = (monitor, other) if busy == monitor.id else (other, monitor)
    assert check_monitor_now(session, alice, first, now=noon + SECOND) == CheckNow(noon, is_new=False)
    assert check_monitor_now(session, alice, second, now=noon + SECOND).is_new
    # One that takes long is no reason to wait: what has changed since shall be seen.
    assert check_monitor_now(session, alice, first, now=noon + 2 * SECOND).is_new


def test_with_a_slot_every_five_seconds_three_of_five_tries_are_taken(
    session, alice, add_monitor, found, noon
) -> None:
    monitor = add_monitor(interval=5, timeout=5)
    taken = []
    for number in range(50):
        slot, now = noon + number * 5 * SECOND, noon + number * 5100 * MILLISECOND
        # As on a running system: the last slot has its result, and the next is claimed from 2 s before it.
        while slot + 5 * SECOND <= now:
            slot += 5 * SECOND
        found(slot)
        checks.claim_due(session, location_id=1, until=now + 2 * SECOND, limit=1, now=now, ahead=True)
        asked = check_monitor_now(session, alice, monitor, now=now)
        taken.append(asked.is_new)
        assert asked.is_new == (now - slot >= 2 * SECOND)
        session.execute(text("DELETE FROM claims"))
    assert sum(taken) == 30


def test_one_that_the_schedule_will_begin_is_not_waited_for(session, alice, add_monitor, noon) -> None:
    monitor = add_monitor(now=noon + SECOND)
    checks.claim_due(session, location_id=1, until=noon + SECOND, limit=1, now=noon)
    assert check_monitor_now(session, alice, monitor, now=noon).is_new


def test_a_slot_of_a_clock_that_was_ahead_keeps_nobody_waiting(
    session, alice, add_monitor, found, noon
) -> None:
    monitor = add_monitor()
    found(noon + 60 * MINUTE)
    assert check_monitor_now(session, alice, monitor, now=noon).is_new


def test_a_paused_monitor_is_not_checked_now(session, alice, add_monitor, claims, noon) -> None:
    monitor = add_monitor()
    check_monitor_now(session, alice, monitor, now=noon)
    pause_monitor(session, alice, monitor, now=noon)
    assert check_monitor_now(session, alice, monitor, now=noon) == CheckNow(None, is_new=False, is_open=False)
    assert claims() == []
    resume_monitor(session, alice, monitor, now=noon)
    assert check_monitor_now(session, alice, monitor, now=noon).is_new


def test_r37_of_forty_at_once_one_adds_a_check(new_database, vault, noon) -> None:
    engine = make_engine(new_database(), name="tests", pool_size=8)
    sessions = sessionmaker(engine, expire_on_commit=False)
    with sessions.begin() as session:
        user = register_user(session, Registration("alice@example.com", "$2b$04$" + "x" * 53), now=noon)
        scope = scope_of(session, user)
        draft = draft_monitor(target="http://example.com/")
        monitor = create_monitor(session, scope, draft, vault=vault, now=noon)
    together = Barrier(8)

    def ask(number: int) -> CheckNow:
        if number < 8:
            together.wait()
        with sessions.begin() as session:
            return check_monitor_now(session, scope, monitor, now=noon + number * MILLISECOND)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(40)))
    with sessions() as session:
        [slot] = session.scalars(select(Claim.slot))
    engine.dispose()
    assert sorted(asked.is_new for asked in answers) == [False] * 39 + [True]
    assert {asked.slot for asked in answers} == {slot}
