"""Recording: once, in order, with what follows."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from emeter_core import checks, incidents
from emeter_core.checks import Claim, Finished, Gap, Result, Taken
from emeter_core.checks.packing import unpack_phases
from emeter_core.checks.slots import slot_after
from emeter_core.monitors import Monitor, Probe, delete_monitor, draft_monitor, pause_monitor, update_monitor
from emeter_core.outcome import Outcome, Phases, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault

PROCESS = uuid.uuid4()


@pytest.fixture
def check(session: Session) -> Callable[..., list[Finished]]:
    """Claim what is due at `now`, take it, and answer with `reason`."""

    def run(now: datetime, reason: Reason = Reason.OK, **outcome: object) -> list[Finished]:
        hint = checks.claim_due(
            session, location_id=1, after=now - timedelta(days=9), until=now, limit=100, now=now
        )
        taken = checks.take(session, hint, process_id=PROCESS, now=now)
        return [
            Finished(claim, Outcome(reason, Phases(1, 2, 3, 4, 5), **outcome), now + timedelta(seconds=1), 7)  # type: ignore[arg-type]
            for claim in taken
        ]

    return run


def probe_of(session: Session, monitor: Monitor) -> Probe:
    return session.scalars(
        select(Probe).where(Probe.monitor_id == monitor.id).execution_options(populate_existing=True)
    ).one()


def fresh(session: Session, monitor: Monitor) -> Monitor:
    return session.scalars(
        select(Monitor).where(Monitor.id == monitor.id).execution_options(populate_existing=True)
    ).one()


def test_a_result_is_stored_with_all_it_says(session, add_monitor, check, noon) -> None:
    monitor = add_monitor()
    batch = check(noon, code=200)
    recorded = checks.record(session, batch, now=noon)
    assert (recorded.counted, recorded.discarded) == (1, 0)
    result = session.scalars(select(Result)).one()
    assert (result.slot, result.total_us, result.late_ms, result.reason, result.code) == (noon, 15, 7, 0, 200)
    assert unpack_phases(result.phases, result.total_us) == Phases(1, 2, 3, 4, 5)
    assert result.evidence is None
    assert fresh(session, monitor).condition == "up"
    assert session.scalars(select(Claim)).all() == []


def test_evidence_is_stored_with_a_failure(session, add_monitor, check, noon) -> None:
    add_monitor()
    checks.record(session, check(noon, Reason.UNEXPECTED_CODE, code=500, evidence={"body": "näh"}), now=noon)
    assert session.scalars(select(Result)).one().evidence == {"body": "näh"}


def test_a_batch_recorded_twice_counts_once(session, add_monitor, check, noon) -> None:
    add_monitor(down_after=2)
    batch = check(noon, Reason.TIMEOUT)
    checks.record(session, batch, now=noon)
    again = checks.record(session, batch, now=noon)
    assert (again.counted, again.discarded) == (0, 1)
    assert session.scalars(select(Probe)).one().failures == 1


def test_a_result_with_a_foreign_token_is_discarded(session, add_monitor, check, noon) -> None:
    add_monitor()
    [done] = check(noon)
    forged = Taken(done.claim.probe_id, done.claim.slot_us, str(uuid.uuid4()), done.claim.monitor_id, 1, 0)
    recorded = checks.record(session, [Finished(forged, done.outcome, noon)], now=noon)
    assert recorded.discarded == 1
    assert session.scalars(select(Claim)).one() is not None


def test_three_failures_open_an_incident_with_the_first_ones_evidence(
    session, add_monitor, check, noon
) -> None:
    monitor = add_monitor(name="Shop")
    moment = noon
    for number in range(3):
        batch = check(moment, Reason.CONNECTION_REFUSED, evidence={"number": number})
        checks.record(session, batch, now=moment + timedelta(seconds=1))
        moment = probe_of(session, monitor).next_slot
    incident = session.scalars(select(incidents.Incident)).one()
    assert (incident.title, incident.cause, incident.evidence) == (
        "Shop",
        "connection_refused",
        {"number": 0},
    )
    assert incident.started_at == noon
    assert incident.resolved_at is None
    assert fresh(session, monitor).condition == "down"
    member = session.scalars(select(incidents.IncidentMonitor)).one()
    assert (member.incident_id, member.monitor_id, member.resolved_at) == (incident.id, monitor.id, None)


def test_confirmations_come_ten_and_twenty_seconds_after_the_first_failure(
    session, add_monitor, check, noon
) -> None:
    monitor = add_monitor(interval=600)
    # From a slot of the grid, wherever its id has put it: the next one is ten minutes away.
    start = slot_after(probe_of(session, monitor).id, 600_000, noon)
    session.execute(text("UPDATE probes SET next_slot = :start"), {"start": start})
    first_end = start + timedelta(seconds=1)
    checks.record(session, check(start, Reason.TIMEOUT), now=first_end)
    assert probe_of(session, monitor).next_slot == first_end + timedelta(seconds=10)
    second = first_end + timedelta(seconds=10)
    checks.record(session, check(second, Reason.TIMEOUT), now=second + timedelta(seconds=1))
    assert probe_of(session, monitor).next_slot == first_end + timedelta(seconds=20)


def test_two_successes_resolve_the_incident_from_the_first_of_them(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(down_after=1)
    checks.record(session, check(noon, Reason.TIMEOUT), now=noon)
    first_success = probe_of(session, monitor).next_slot
    checks.record(session, check(first_success), now=first_success)
    assert fresh(session, monitor).condition == "down"
    second_success = probe_of(session, monitor).next_slot
    checks.record(session, check(second_success), now=second_success)
    incident = session.scalars(select(incidents.Incident)).one()
    assert incident.resolved_at == first_success
    assert fresh(session, monitor).condition == "up"
    changes = session.scalars(select(incidents.StatusChange).order_by(incidents.StatusChange.id)).all()
    assert [change.condition for change in changes] == ["pending", "down", "up"]
    assert changes[-1].effective_at == first_success


def test_results_of_one_probe_in_one_batch_count_in_their_order(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(down_after=2, up_after=1)
    batch = check(noon, Reason.TIMEOUT)
    second = probe_of(session, monitor).next_slot
    batch += check(second, Reason.TIMEOUT)
    third = probe_of(session, monitor).next_slot
    batch += check(third)
    checks.record(session, batch[::-1], now=third)
    incident = session.scalars(select(incidents.Incident)).one()
    assert (incident.started_at, incident.resolved_at) == (noon, third)
    probe = probe_of(session, monitor)
    assert (probe.failures, probe.successes, probe.streak_since, probe.incident_open) == (0, 1, third, False)


def test_incidents_of_one_probe_in_one_batch_begin_each_with_their_own_failure(
    session, add_monitor, check, noon
) -> None:
    monitor = add_monitor(down_after=1, up_after=1)
    batch, slots = [], []
    for reason in (Reason.TIMEOUT, Reason.OK, Reason.CONNECTION_REFUSED, Reason.OK):
        slots.append(probe_of(session, monitor).next_slot)
        batch += check(slots[-1], reason)
    checks.record(session, batch, now=slots[-1])
    told = session.scalars(select(incidents.Incident).order_by(incidents.Incident.id)).all()
    assert [(each.started_at, each.resolved_at, each.cause) for each in told] == [
        (slots[0], slots[1], "timeout"),
        (slots[2], slots[3], "connection_refused"),
    ]


def test_a_result_of_another_version_is_left_out(
    session, add_monitor, check, noon, alice: Scope, vault: Vault
) -> None:
    monitor = add_monitor()
    batch = check(noon)
    draft = draft_monitor(target="http://example.com/new")
    update_monitor(session, alice, monitor, draft, vault=vault, now=noon)
    assert checks.record(session, batch, now=noon).discarded == 1
    assert session.scalars(select(Result)).all() == []


@pytest.mark.parametrize("end", [pause_monitor, delete_monitor])
def test_what_was_under_way_at_a_pause_or_delete_is_not_recorded(
    session, add_monitor, check, noon, alice, end
) -> None:
    monitor = add_monitor()
    batch = check(noon)
    end(session, alice, monitor, now=noon)
    assert checks.record(session, batch, now=noon).counted == 0
    assert session.scalars(select(Claim)).all() == []


def test_deleting_a_monitor_resolves_its_incident(session, add_monitor, check, noon, alice) -> None:
    monitor = add_monitor(down_after=1)
    checks.record(session, check(noon, Reason.TIMEOUT), now=noon)
    delete_monitor(session, alice, monitor, now=noon + timedelta(minutes=5))
    assert session.scalars(select(incidents.Incident)).one().resolved_at == noon + timedelta(minutes=5)


def test_blocked_opens_no_incident(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(down_after=1)
    checks.record(session, check(noon, Reason.ADDRESS_BLOCKED), now=noon)
    assert fresh(session, monitor).condition == "blocked"
    assert session.scalars(select(incidents.Incident)).all() == []


def test_an_older_result_is_stored_and_never_counted(session, add_monitor, check, noon) -> None:
    monitor = add_monitor(down_after=1)
    early = check(noon, Reason.TIMEOUT)
    late_slot = probe_of(session, monitor).next_slot
    checks.record(session, check(late_slot), now=late_slot)
    recorded = checks.record(session, early, now=late_slot)
    assert recorded.counted == 1
    assert len(session.scalars(select(Result)).all()) == 2
    assert fresh(session, monitor).condition == "up"
    assert probe_of(session, monitor).last_slot == late_slot


def test_a_slot_that_comes_round_again_has_the_later_result(session, add_monitor, check, noon) -> None:
    for _ in range(2):
        add_monitor()
    checks.record(session, check(noon), now=noon)
    # The clock was ahead, and is set back.
    session.execute(text("UPDATE probes SET next_slot = :slot"), {"slot": noon})
    again = checks.record(session, check(noon, Reason.TIMEOUT), now=noon)
    assert (again.counted, again.discarded) == (2, 0)
    assert session.scalars(select(Result.reason)).all() == [Reason.TIMEOUT] * 2


def test_a_day_that_nobody_has_made_room_for_costs_no_result(session, add_monitor, check, noon) -> None:
    for _ in range(2):
        add_monitor()
    # As after a suspension of a month.
    later = noon + timedelta(days=30)
    session.execute(text("UPDATE probes SET next_slot = :slot"), {"slot": later})
    done = checks.record(session, check(later), now=later)
    assert (done.counted, done.discarded) == (2, 0)
    assert session.scalars(select(Result.slot)).all() == [later, later]


def test_a_storm_is_recorded_in_few_statements(session, add_monitor, check, noon, connection) -> None:
    for number in range(40):
        add_monitor(name=f"Monitor {number}", down_after=1)
    batch = check(noon, Reason.TIMEOUT)
    assert len(batch) == 40
    before = connection.execute(text("SELECT count(*) FROM incidents")).scalar_one()
    checks.record(session, batch, now=noon)
    assert connection.execute(text("SELECT count(*) FROM incidents")).scalar_one() - before == 40


def test_the_same_failure_is_no_gap(session, add_monitor, check, noon) -> None:
    add_monitor()
    checks.record(session, check(noon), now=noon)
    assert session.scalars(select(Gap)).all() == []


def test_a_confirmation_never_goes_back_before_a_slot_that_is_claimed(
    session, add_monitor, check, noon
) -> None:
    monitor = add_monitor(interval=31, timeout=10)
    first = check(noon, Reason.TIMEOUT)
    claimed = probe_of(session, monitor).next_slot
    ahead = check(claimed)
    following = probe_of(session, monitor).next_slot
    late = claimed - timedelta(seconds=1)
    checks.record(session, [first[0]._replace(ended_at=late - timedelta(seconds=20))], now=late)
    assert probe_of(session, monitor).next_slot == following
    checks.record(session, ahead, now=claimed)
    assert len(session.scalars(select(Result)).all()) == 2


def test_failures_of_another_version_confirm_nothing(session, add_monitor, check, noon, alice, vault) -> None:
    monitor = add_monitor(down_after=2)
    checks.record(session, check(noon, Reason.TIMEOUT), now=noon)
    later = noon + timedelta(seconds=5)
    draft = draft_monitor(target="http://example.com/new", down_after=2)
    update_monitor(session, alice, monitor, draft, vault=vault, now=later)
    checks.record(session, check(later, Reason.CONNECTION_REFUSED), now=later)
    assert fresh(session, monitor).condition == "pending"
    assert probe_of(session, monitor).streak_since == later


def test_however_many_checks_fail_and_recover_at_once_nothing_is_sent_for_each(
    session, connection, add_monitor, check, noon
) -> None:
    for _ in range(5):
        add_monitor(down_after=1, up_after=1)
    sent: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, _parameters, _context, for_each) -> None:
        # The rows of an INSERT go together in one statement; those of an UPDATE each in one of its own.
        sent.extend([statement] if for_each and not statement.startswith("INSERT") else [])

    for number, reason in enumerate((Reason.OK, Reason.TIMEOUT, Reason.OK)):
        moment = noon + number * timedelta(minutes=1)
        assert checks.record(session, check(moment, reason), now=moment).counted == 5
    assert [probe.condition for probe in session.scalars(select(Probe))] == ["up"] * 5
    assert sent == []
