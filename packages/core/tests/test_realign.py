"""A clock that was ahead and was set back: nothing waits for the time to come round again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from emeter_core import checks
from emeter_core.alerts import Channel, claim_deliveries, draft_channel, save_channel
from emeter_core.checks import Finished, Gap
from emeter_core.checks.slots import from_us, slot_after
from emeter_core.health import look
from emeter_core.monitors import (
    Monitor,
    Probe,
    draft_monitor,
    pause_monitor,
    resume_monitor,
    update_monitor,
)
from emeter_core.outbox import Delivery
from emeter_core.outbox.delivery import LEASE
from emeter_core.outcome import Outcome, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def claim(session: Session) -> Callable[..., checks.Hint]:
    return lambda now: checks.claim_due(session, location_id=1, until=now + 2 * SECOND, limit=100, now=now)


@pytest.fixture
def probe(session: Session, add_monitor) -> Callable[..., Probe]:
    def add(**fields: object) -> Probe:
        monitor = add_monitor(**fields)
        return session.scalars(select(Probe).where(Probe.monitor_id == monitor.id)).one()

    return add


@pytest.fixture
def check(session: Session, claim) -> Callable[..., None]:
    """Check whatever is due at `now`."""

    def run(now: datetime, reason: Reason = Reason.OK) -> None:
        taken = checks.take(session, claim(now), process_id=uuid.uuid4(), now=now)
        assert taken
        checks.record(session, [Finished(each, Outcome(reason), now) for each in taken], now=now)

    return run


@pytest.fixture
def fail(check) -> Callable[[datetime], None]:
    """Check whatever is due at `now`, and find it down."""
    return lambda now: check(now, Reason.CONNECTION_REFUSED)


@pytest.fixture
def mail_channel(session: Session, alice, vault, noon) -> Channel:
    return save_channel(session, alice, draft_channel("mail", "ops@example.com"), vault=vault, now=noon)


def test_a_clock_that_was_ahead_does_not_stop_the_checks(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    claim(noon + timedelta(hours=1))
    assert checks.realign(session, location_id=1, now=noon) == 1
    session.refresh(added)
    assert added.next_slot == slot_after(added.id, 60_000, noon)
    assert checks.realign(session, location_id=1, now=noon) == 0


def test_what_a_clock_that_was_ahead_has_written_is_brought_back_to_now(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    ahead = noon + timedelta(days=1)
    claim(ahead)
    session.execute(text("UPDATE probes SET last_slot = :at, streak_since = :at"), {"at": ahead})
    session.execute(text("UPDATE status_changes SET effective_at = :at, recorded_at = :at"), {"at": ahead})
    session.execute(text("UPDATE monitors SET condition_since = :at"), {"at": ahead})
    assert checks.realign(session, location_id=1, now=noon + timedelta(minutes=5)) == 1
    now = noon + timedelta(minutes=5)
    session.expire_all()
    assert (added.last_slot, added.streak_since) == (now, now)
    told = "SELECT effective_at, recorded_at, condition_since FROM status_changes, monitors"
    assert session.execute(text(told)).all() == [(now, now, now)]
    gap = session.scalars(select(Gap)).one()
    assert now - timedelta(seconds=60) < gap.last_slot <= now
    assert gap.count == 1 + (gap.last_slot - slot_after(added.id, 60_000, noon)) // timedelta(seconds=60) + 1


def test_what_was_never_seen_stays_unknown(session, probe, claim, noon) -> None:
    added = probe()
    claim(noon + DAY)
    assert checks.realign(session, location_id=1, now=noon) == 1
    session.refresh(added)
    assert (added.last_slot, added.streak_since, added.streak_ended_at) == (None, None, None)


def test_incidents_of_a_time_to_come_begin_and_end_now(session, probe, fail, noon) -> None:
    probe(down_after=1)
    fail(noon + DAY)
    ended = probe(down_after=1, now=noon + DAY)
    fail(noon + DAY + MINUTE)
    session.execute(
        text("UPDATE incident_monitors SET resolved_at = :at WHERE monitor_id = :monitor"),
        {"at": noon + DAY + 2 * MINUTE, "monitor": ended.monitor_id},
    )
    session.execute(
        text(
            "UPDATE incidents SET resolved_at = :at, acknowledged_at = :at, resolution = 'recovered'"
            " WHERE id = (SELECT incident_id FROM incident_monitors WHERE resolved_at IS NOT NULL)"
        ),
        {"at": noon + DAY + 2 * MINUTE},
    )
    now = noon + 5 * MINUTE
    assert checks.realign(session, location_id=1, now=now) == 2
    told = "SELECT started_at, confirmed_at, acknowledged_at, resolved_at FROM incidents ORDER BY id"
    assert session.execute(text(told)).all() == [(now, now, None, None), (now, now, now, now)]
    parts = "SELECT started_at, resolved_at FROM incident_monitors ORDER BY incident_id"
    assert session.execute(text(parts)).all() == [(now, None), (now, now)]


def test_incidents_of_the_time_before_stay_as_they_are(session, probe, fail, claim, noon) -> None:
    probe(down_after=1)
    fail(noon)
    told = "SELECT started_at, confirmed_at, resolved_at, effective_at FROM incidents, status_changes"
    before = session.execute(text(told)).all()
    claim(noon + DAY)
    assert checks.realign(session, location_id=1, now=noon + MINUTE) == 1
    assert session.execute(text(told)).all() == before


@pytest.mark.usefixtures("mail_channel")
def test_an_alert_whose_sender_died_ahead_is_sent_when_its_lease_ends(session, probe, fail, noon) -> None:
    probe(down_after=1)
    fail(noon + DAY)
    assert len(claim_deliveries(session, now=noon + DAY, limit=9, channel="mail")) == 1
    now = noon + 5 * MINUTE
    checks.realign(session, location_id=1, now=now)
    found = [
        len(claim_deliveries(session, now=now + wait, limit=9, channel="mail"))
        for wait in (SECOND, LEASE - SECOND, LEASE)
    ]
    assert found == [0, 0, 1]


@pytest.mark.usefixtures("mail_channel")
def test_an_alert_that_waits_for_a_time_to_come_is_sent_now(session, probe, fail, noon) -> None:
    probe(down_after=1)
    fail(noon + DAY)
    now = noon + 5 * MINUTE
    assert claim_deliveries(session, now=now, limit=9, channel="mail") == []
    checks.realign(session, location_id=1, now=now)
    assert len(claim_deliveries(session, now=now, limit=9, channel="mail")) == 1


def test_the_history_of_a_monitor_that_was_paused_ahead_is_brought_back(
    session, add_monitor, alice, fail, noon
) -> None:
    monitor = add_monitor(down_after=1)
    fail(noon + DAY)
    pause_monitor(session, alice, monitor, now=noon + DAY)
    assert checks.realign(session, location_id=1, now=noon) == 1
    assert session.execute(text("SELECT max(effective_at), max(recorded_at) FROM status_changes")).one() == (
        noon,
        noon,
    )
    assert checks.realign(session, location_id=1, now=noon) == 0


def test_what_was_called_silent_ahead_as_nobody_had_come_to_it_yet_is_up_with_its_next_check(
    session, probe, check, noon
) -> None:
    """Its probe is where it was: after a step ahead what is overdue is caught up with bit by bit."""
    added = probe(interval=60)
    check(noon)
    assert checks.sweep_silence(session, now=noon + DAY) == 1
    checks.realign(session, location_id=1, now=noon + MINUTE)
    check(slot_after(added.id, 60_000, noon))
    monitor = session.get_one(Monitor, added.monitor_id, populate_existing=True)
    assert monitor.condition == "up"
    assert monitor.condition_since <= noon + MINUTE


def test_no_history_is_touched_but_that_of_what_was_ahead(session, probe, claim, noon) -> None:
    ahead, well = probe(), probe()
    claim(noon)
    session.execute(text("UPDATE status_changes SET effective_at = :at"), {"at": noon + DAY})
    session.execute(
        text("UPDATE probes SET next_slot = :at WHERE id = :id"), {"at": noon + DAY, "id": ahead.id}
    )
    assert checks.realign(session, location_id=1, now=noon) == 1
    told = dict(session.execute(text("SELECT monitor_id, effective_at FROM status_changes")).all())
    assert told == {ahead.monitor_id: noon, well.monitor_id: noon + DAY}


def test_monitors_are_held_by_their_ids_before_their_history_is_written(session, probe, claim, noon) -> None:
    for _ in range(3):
        probe()
    claim(noon + DAY)
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *given: seen.append(given[2]))
    checks.realign(session, location_id=1, now=noon)
    locks = [n for n, told in enumerate(seen) if "FROM monitors" in told and "ORDER BY id" in told]
    writes = [n for n, told in enumerate(seen) if "UPDATE monitors" in told or "UPDATE status" in told]
    assert locks
    assert locks[0] < min(writes)
    assert "FOR NO KEY UPDATE" in seen[locks[0]]


def let_alone(session: Session, alice: Scope, monitor: Monitor, vault: Vault, now: datetime) -> None:
    """Do nothing."""


def edit(session: Session, alice: Scope, monitor: Monitor, vault: Vault, now: datetime) -> None:
    """Save it as it is."""
    update_monitor(session, alice, monitor, draft_monitor(target=monitor.target), vault=vault, now=now)


def pause_and_resume(session: Session, alice: Scope, monitor: Monitor, vault: Vault, now: datetime) -> None:
    """Stop for a moment."""
    pause_monitor(session, alice, monitor, now=now)
    resume_monitor(session, alice, monitor, now=now)


@pytest.mark.parametrize("change", [let_alone, edit, pause_and_resume])
def test_silence_after_a_step_back_is_noticed_in_its_time_whatever_people_did_ahead(
    session, alice, add_monitor, check, vault, noon, change
) -> None:
    monitor = add_monitor(interval=60, timeout=10, now=noon + DAY if change is let_alone else noon)
    change(session, alice, monitor, vault, noon + DAY)
    check(noon + DAY)
    now = noon + 5 * MINUTE
    assert checks.realign(session, location_id=1, now=now) == 1
    assert checks.realign(session, location_id=1, now=now) == 0
    limit = now + 130 * SECOND
    assert checks.sweep_silence(session, now=limit) == 0
    assert checks.sweep_silence(session, now=limit + SECOND) == 1
    assert look(session, now=limit + 11 * SECOND).overdue == 1


def test_a_check_that_comes_more_rarely_than_the_clock_was_ahead_is_waited_for_in_its_time(
    session, alice, add_monitor, check, vault, noon
) -> None:
    monitor = add_monitor(interval=3600, timeout=10)
    check(noon)
    draft = draft_monitor(target=monitor.target, interval=3600, timeout=10)
    update_monitor(session, alice, monitor, draft, vault=vault, now=noon + 30 * MINUTE)
    assert checks.realign(session, location_id=1, now=noon) == 1
    assert look(session, now=noon + timedelta(hours=2, seconds=21)).overdue == 1


def test_a_monitor_that_was_made_and_paused_ahead_has_its_history_from_now_on(
    session, alice, add_monitor, noon
) -> None:
    monitor = add_monitor(now=noon + DAY)
    pause_monitor(session, alice, monitor, now=noon + DAY + MINUTE)
    assert checks.realign(session, location_id=1, now=noon) == 1
    told = select(Monitor.inserted_at, Monitor.updated_at, Monitor.paused_at, Monitor.condition_since)
    assert session.execute(told).one() == (noon, noon, noon, noon)
    told = text("SELECT effective_at, paused FROM status_changes ORDER BY id")
    assert session.execute(told).all() == [(noon, False), (noon, True)]
    assert checks.realign(session, location_id=1, now=noon) == 0


def test_a_slot_that_somebody_killed_ahead_had_taken_is_checked_when_it_comes(
    session, probe, claim, noon
) -> None:
    added = probe(interval=60)
    ahead = claim(noon + DAY)
    assert checks.take(session, ahead, process_id=uuid.uuid4(), now=noon + DAY)
    assert checks.realign(session, location_id=1, now=noon) == 1
    session.refresh(added)
    slot = added.next_slot
    while slot < from_us(ahead.claims[0][1]):
        slot = slot_after(added.id, 60_000, slot)
        session.execute(text("UPDATE probes SET next_slot = :slot"), {"slot": slot})
        assert len(claim(slot).claims) == 1


def test_what_is_claimed_as_ever_stays_so(session, probe, claim, noon) -> None:
    probe(interval=60)
    assert claim(noon).claims
    session.execute(text("UPDATE probes SET last_slot = :at"), {"at": noon + DAY})
    assert checks.realign(session, location_id=1, now=noon) == 1
    assert session.scalar(text("SELECT count(*) FROM claims")) == 1


def test_a_mail_that_waits_for_a_time_to_come_is_sent_now_where_there_are_no_monitors(
    session, alice, noon
) -> None:
    session.add(
        Delivery(
            team_id=alice.team.id,
            event="test",
            channel="mail",
            recipient="alice@example.com",
            next_attempt_at=noon + DAY,
            inserted_at=noon + DAY,
        )
    )
    session.flush()
    checks.realign(session, location_id=1, now=noon)
    assert len(claim_deliveries(session, now=noon, limit=9, channel="mail")) == 1
