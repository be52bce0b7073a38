"""Claims: every slot once, missed ones as gaps, lost ones again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, sessionmaker

from emeter_core import checks
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.checks import Claim, Gap, Hint, from_us
from emeter_core.checks.slots import slot_after
from emeter_core.monitors import (
    Probe,
    check_monitor_now,
    create_monitor,
    draft_monitor,
    pause_monitor,
    update_monitor,
)
from emeter_core.vault import Vault
from emeter_storage.engine import make_engine

AHEAD = timedelta(seconds=2)
LONG = timedelta(days=30)
Claiming = Callable[..., Hint]


@pytest.fixture
def claim(session: Session) -> Claiming:
    def run(now: datetime, *, limit: int = 100) -> Hint:
        return checks.claim_due(
            session, location_id=1, after=now - LONG, until=now + AHEAD, limit=limit, now=now
        )

    return run


@pytest.fixture
def probe(session: Session, add_monitor) -> Callable[..., Probe]:
    def add(**fields: object) -> Probe:
        monitor = add_monitor(**fields)
        return session.scalars(select(Probe).where(Probe.monitor_id == monitor.id)).one()

    return add


def test_a_new_monitor_is_claimed_at_once_and_then_on_its_grid(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    assert claim(noon).claims == [(added.id, checks.to_us(noon))]
    session.refresh(added)
    assert added.next_slot == slot_after(added.id, 60_000, noon)


def test_a_claim_holds_until_five_seconds_after_its_timeout(session, probe, claim, noon) -> None:
    probe(timeout=7)
    claim(noon)
    held = session.scalars(select(Claim)).one()
    assert held.lease_until == noon + timedelta(seconds=12)
    assert held.kind == "regular"


def test_what_is_claimed_is_not_claimed_again(probe, claim, noon) -> None:
    added = probe(interval=600)
    assert claim(noon).claims == [(added.id, checks.to_us(noon))]
    assert (added.id, checks.to_us(noon)) not in claim(noon).claims


def test_slots_are_claimed_up_to_two_seconds_ahead(session, probe, claim, noon) -> None:
    added = probe(interval=5, timeout=1)
    claim(noon)
    session.refresh(added)
    slot = added.next_slot
    assert claim(slot - timedelta(seconds=2, milliseconds=1)).claims == []
    assert claim(slot - timedelta(seconds=2)).claims == [(added.id, checks.to_us(slot))]


def test_a_slot_found_later_than_its_interval_is_a_gap(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    claim(noon)
    session.refresh(added)
    first_missed = added.next_slot
    later = first_missed + timedelta(seconds=60 * 5 + 30)
    [(probe_id, slot)] = claim(later).claims
    assert (probe_id, from_us(slot)) == (added.id, first_missed + timedelta(seconds=300))
    gap = session.scalars(select(Gap)).one()
    assert (gap.first_slot, gap.last_slot, gap.count) == (
        first_missed,
        first_missed + timedelta(seconds=240),
        5,
    )
    session.refresh(added)
    assert added.next_slot == first_missed + timedelta(seconds=360)


def test_a_slot_one_interval_late_is_a_gap_and_one_less_late_is_not(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    claim(noon)
    session.refresh(added)
    slot = added.next_slot
    just_in_time = slot + timedelta(seconds=60) - timedelta(milliseconds=1)
    with session.begin_nested() as trial:
        assert from_us(claim(just_in_time).claims[0][1]) == slot
        assert session.scalars(select(Gap)).all() == []
        trial.rollback()
    assert from_us(claim(slot + timedelta(seconds=60)).claims[0][1]) == slot + timedelta(seconds=60)
    assert session.scalars(select(Gap)).one().count == 1


def test_a_missed_first_slot_off_the_grid_is_counted_too(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    claim(noon + timedelta(seconds=150))
    gap = session.scalars(select(Gap)).one()
    grid = slot_after(added.id, 60_000, noon)
    claimed = session.scalars(select(Claim)).one().slot
    assert gap.first_slot == noon
    assert gap.count == 1 + (claimed - grid) // timedelta(seconds=60)
    assert gap.last_slot == claimed - timedelta(seconds=60)


def test_an_early_check_after_a_failure_is_a_confirmation(session, probe, claim, noon) -> None:
    added = probe(interval=600)
    claim(noon)
    session.execute(
        text("UPDATE probes SET failures = 1, next_slot = :at"), {"at": noon + timedelta(milliseconds=10_001)}
    )
    session.expire_all()
    claim(noon + timedelta(seconds=10))
    kinds = session.scalars(select(Claim.kind).order_by(Claim.slot)).all()
    assert kinds == ["regular", "confirm"]
    assert session.get(Probe, added.id).next_slot == slot_after(
        added.id, 600_000, noon + timedelta(seconds=11)
    )


def test_the_oldest_come_first_where_there_is_a_limit(session, add_monitor, claim, noon) -> None:
    add_monitor(now=noon + timedelta(seconds=1))
    early = add_monitor(now=noon)
    hint = claim(noon + timedelta(seconds=1), limit=1)
    claimed = session.scalars(select(Probe).where(Probe.id == hint.claims[0][0])).one()
    assert claimed.monitor_id == early.id


def test_a_paused_monitor_is_not_due(session, add_monitor, claim, noon, alice) -> None:
    monitor = add_monitor()
    pause_monitor(session, alice, monitor, now=noon)
    assert claim(noon + timedelta(minutes=5)).claims == []
    assert session.scalars(select(Gap.reason)).all() == ["dropped"]


def test_check_now_is_hinted_at_with_the_next_tick(session, add_monitor, claim, noon, alice) -> None:
    monitor = add_monitor()
    checks.take(session, claim(noon), process_id=uuid.uuid4(), now=noon)
    later = noon + timedelta(seconds=20)
    assert check_monitor_now(session, alice, monitor, now=later)
    [hint] = checks.hint_again(session, location_id=1, now=later)
    assert [from_us(slot) for _, slot in hint.claims] == [later]
    assert len(checks.take(session, hint, process_id=uuid.uuid4(), now=noon)) == 1


def test_a_lost_hint_is_given_again_after_two_seconds_a_taken_one_never(session, probe, claim, noon) -> None:
    probe()
    hint = claim(noon)
    soon, later = noon + timedelta(seconds=1), noon + timedelta(milliseconds=2001)
    assert checks.hint_again(session, location_id=1, now=soon) == []
    assert checks.hint_again(session, location_id=1, now=later) == [hint]
    assert checks.hint_again(session, location_id=1, now=later) == []
    checks.take(session, hint, process_id=uuid.uuid4(), now=noon)
    assert checks.hint_again(session, location_id=1, now=later + timedelta(seconds=3)) == []


def test_a_hint_that_comes_twice_is_taken_once(session, probe, claim, noon) -> None:
    probe()
    hint = claim(noon)
    assert len(checks.take(session, hint, process_id=uuid.uuid4(), now=noon)) == 1
    assert checks.take(session, hint, process_id=uuid.uuid4(), now=noon) == []


def test_a_hint_with_another_token_takes_nothing(session, probe, claim, noon) -> None:
    probe()
    forged = Hint(uuid.uuid4(), claim(noon).claims)
    assert checks.take(session, forged, process_id=uuid.uuid4(), now=noon) == []


def test_a_released_claim_is_hinted_at_again(session, probe, claim, noon) -> None:
    probe()
    hint = claim(noon)
    checks.release(session, checks.take(session, hint, process_id=uuid.uuid4(), now=noon))
    assert checks.hint_again(session, location_id=1, now=noon) == [hint]


def test_a_lease_that_ran_out_is_claimed_again_while_its_slot_is_young(session, probe, claim, noon) -> None:
    probe(interval=60, timeout=10)
    hint = claim(noon)
    checks.take(session, hint, process_id=uuid.uuid4(), now=noon)
    later = noon + timedelta(seconds=16)
    assert checks.recover(session, location_id=1, now=later) == (1, 0)
    [again] = checks.hint_again(session, location_id=1, now=later)
    assert again.claims == hint.claims
    assert again.token != hint.token
    assert checks.take(session, hint, process_id=uuid.uuid4(), now=noon) == []


def test_a_lease_that_ran_out_too_late_is_a_gap(session, probe, claim, noon) -> None:
    added = probe(interval=10, timeout=10)
    claim(noon)
    later = noon + timedelta(seconds=16)
    assert checks.recover(session, location_id=1, now=later) == (0, 1)
    gap = session.scalars(select(Gap)).one()
    assert (gap.probe_id, gap.first_slot, gap.count, gap.reason) == (added.id, noon, 1, "lost")
    assert session.scalars(select(Claim)).all() == []


def test_missed_slots_in_a_row_are_one_gap_however_often_they_are_found(session, probe, claim, noon) -> None:
    added = probe(interval=60)
    claim(noon)
    session.refresh(added)
    first = added.next_slot
    for minutes in (3, 6):
        session.execute(text("DELETE FROM claims"))
        session.execute(
            text("UPDATE probes SET next_slot = :slot"), {"slot": first + timedelta(minutes=minutes - 3)}
        )
        claim(first + timedelta(minutes=minutes))
    gap = session.scalars(select(Gap)).one()
    assert (gap.first_slot, gap.last_slot, gap.count) == (first, first + timedelta(minutes=5), 6)


def test_a_lost_check_now_is_no_missed_slot(session, add_monitor, claim, noon, alice) -> None:
    monitor = add_monitor()
    checks.take(session, claim(noon), process_id=uuid.uuid4(), now=noon)
    session.execute(delete(Claim))
    check_monitor_now(session, alice, monitor, now=noon + timedelta(seconds=20))
    assert checks.recover(session, location_id=1, now=noon + timedelta(hours=1)) == (0, 0)
    assert session.scalars(select(Claim)).all() == []
    assert session.scalars(select(Gap)).all() == []


def test_what_another_location_lost_is_left_to_its_own_scheduler(session, probe, claim, noon) -> None:
    probe()
    claim(noon)
    later = noon + timedelta(hours=1)
    assert checks.recover(session, location_id=2, now=later) == (0, 0)
    assert checks.recover(session, location_id=1, now=later) == (0, 1)


def test_lost_slots_in_a_row_are_one_gap_and_one_apart_is_another(session, probe, noon) -> None:
    added = probe(interval=10, timeout=1)
    lost = [0, 10, 20, 50, 60]
    for seconds in lost:
        session.add(
            Claim(
                probe_id=added.id,
                slot=noon + timedelta(seconds=seconds),
                lease_until=noon + timedelta(seconds=seconds + 6),
                token=uuid.uuid4(),
                kind="regular",
            )
        )
    session.flush()
    stretches = {0: [(0, 0, 1)], 1: [(0, 20, 3)], 2: [(0, 20, 3), (50, 60, 2)]}
    for step, seconds in enumerate((17, 40, 90)):
        checks.recover(session, location_id=1, now=noon + timedelta(seconds=seconds))
        session.expire_all()
        gaps = session.scalars(select(Gap).order_by(Gap.first_slot)).all()
        found = [((gap.first_slot - noon).seconds, (gap.last_slot - noon).seconds, gap.count) for gap in gaps]
        assert found == stretches[step]


def test_two_schedulers_never_claim_the_same_slot(new_database, noon) -> None:
    engine = make_engine(new_database(), name="tests")
    sessions = sessionmaker(engine)
    with sessions.begin() as session:
        user = register_user(session, Registration("a@example.com", "$2b$04$" + "x" * 53), now=noon)
        scope = scope_of(session, user)
        for number in range(20):
            draft = draft_monitor(target="http://example.com/", name=str(number))
            create_monitor(session, scope, draft, vault=Vault("a secret of the tests, long enough"), now=noon)
    window = {"location_id": 1, "after": noon - LONG, "until": noon + AHEAD, "now": noon}
    with sessions() as first, sessions() as second:
        mine = checks.claim_due(first, limit=12, **window)
        theirs = checks.claim_due(second, limit=100, **window)
        first.commit()
        second.commit()
    engine.dispose()
    assert len(mine.claims) == 12
    assert len(theirs.claims) == 8
    assert not set(mine.claims) & set(theirs.claims)


def test_the_rate_is_that_of_the_enabled(session, add_monitor, noon, alice) -> None:
    for interval in (5, 10, 60):
        monitor = add_monitor(interval=interval)
    pause_monitor(session, alice, monitor, now=noon)
    assert checks.checks_per_second(session, location_id=1) == pytest.approx(0.3)


def test_renewed_claims_are_hinted_at_together(session, add_monitor, claim, noon) -> None:
    for _ in range(20):
        add_monitor(interval=60, timeout=10)
    checks.take(session, claim(noon), process_id=uuid.uuid4(), now=noon)
    later = noon + timedelta(seconds=16)
    assert checks.recover(session, location_id=1, now=later) == (20, 0)
    [hint] = checks.hint_again(session, location_id=1, now=later)
    assert len(hint.claims) == 20


@pytest.mark.parametrize("end", ["edit", "pause"])
def test_slots_that_were_due_before_a_change_are_a_gap(
    session, add_monitor, claim, noon, alice, vault, end: str
) -> None:
    monitor = add_monitor(interval=60)
    checks.take(session, claim(noon), process_id=uuid.uuid4(), now=noon)
    later = noon + timedelta(minutes=10)
    if end == "pause":
        pause_monitor(session, alice, monitor, now=later)
    else:
        draft = draft_monitor(target="http://example.com/new")
        update_monitor(session, alice, monitor, draft, vault=vault, now=later)
    gaps = session.scalars(select(Gap).order_by(Gap.first_slot)).all()
    assert sum(gap.count for gap in gaps) == 11
    assert (gaps[0].first_slot, gaps[0].reason) == (noon, "dropped")
    assert later - timedelta(seconds=60) < gaps[-1].last_slot <= later


def test_a_lost_slot_makes_only_the_newest_gap_longer(session, probe, noon) -> None:
    added = probe(interval=60)
    for seconds in (10, 0):
        slot = noon + timedelta(seconds=seconds)
        session.add(Gap(probe_id=added.id, first_slot=slot, last_slot=slot, count=1, reason="lost"))
    slot = noon + timedelta(seconds=60)
    session.add(Claim(probe_id=added.id, slot=slot, lease_until=slot, token=uuid.uuid4(), kind="regular"))
    session.flush()
    checks.recover(session, location_id=1, now=noon + timedelta(hours=1))
    session.expire_all()
    gaps = session.scalars(select(Gap).order_by(Gap.first_slot)).all()
    assert [gap.count for gap in gaps] == [1, 2]
