"""What does not come in time: found once per expected run, and never where nobody could have heard it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from emeter_core import checks
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.checks.result import Result
from emeter_core.health import look as look_at_health
from emeter_core.heartbeats import Ping, PingKind, find_missing, keep_watch, take_ping
from emeter_core.heartbeats.watch import watches
from emeter_core.incidents import Incident
from emeter_core.monitors import (
    Status,
    create_monitor,
    draft_monitor,
    get_monitor_row,
    rotate_token,
    update_monitor,
)
from emeter_core.outcome import Reason
from emeter_core.vault import Vault
from emeter_storage.engine import make_engine, make_session_factory

MINUTE, SECOND, HOUR = timedelta(minutes=1), timedelta(seconds=1), timedelta(hours=1)


def missed(session, probe) -> list[tuple[datetime, Reason]]:
    """What was not well, oldest first."""
    found = select(Result.slot, Result.reason).where(Result.probe_id == probe.id, Result.reason != 0)
    return [(slot, Reason(reason)) for slot, reason in session.execute(found.order_by(Result.slot))]


def test_a_missing_heartbeat_is_down_from_the_end_of_its_grace(
    session, alice, add_heartbeat, ping, look, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    due = noon + 6 * MINUTE
    assert look(due + timedelta(milliseconds=900)) == 0
    assert look(due + 2 * SECOND) == 1
    found, probe = fresh(monitor)
    assert (found.status, found.condition_since, probe.last_slot) == (Status.DOWN, due, due)
    [incident] = session.scalars(select(Incident))
    assert (incident.cause, incident.started_at) == ("heartbeat_missing", due)
    cause = get_monitor_row(session, alice, monitor.public_id).cause
    assert cause == "No heartbeat since 12:00 UTC (expected every 5 min, grace 1 min)"


def test_every_expected_run_is_missed_once(session, add_heartbeat, ping, look, fresh, noon) -> None:
    monitor = add_heartbeat()
    ping(noon)
    found = [look(noon + 6 * MINUTE + SECOND + second * SECOND) for second in range(0, 900, 7)]
    assert sum(found) == 3
    assert missed(session, fresh(monitor)[1]) == [
        (noon + minute * MINUTE, Reason.HEARTBEAT_MISSING) for minute in (6, 11, 16)
    ]


def test_a_scheduler_that_was_away_finds_what_was_missed_meanwhile(
    session, add_heartbeat, ping, look, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    assert look(noon + HOUR) == 11
    assert len(missed(session, fresh(monitor)[1])) == 11
    assert fresh(monitor)[1].failures == 11
    assert look(noon + HOUR) == 0


def test_a_scheduler_that_was_away_calls_nobody_down_who_pinged(
    session, add_heartbeat, ping, look, fresh, noon
) -> None:
    monitor = add_heartbeat()
    for minute in range(0, 60, 5):
        ping(noon + minute * MINUTE)
    assert look(noon + 60 * MINUTE) == 0
    assert missed(session, fresh(monitor)[1]) == []


def test_a_job_that_comes_back_is_up(session, add_heartbeat, ping, look, fresh, noon) -> None:
    monitor = add_heartbeat()
    ping(noon)
    look(noon + 10 * MINUTE)
    ping(noon + 10 * MINUTE)
    found, probe = fresh(monitor)
    assert (found.status, probe.next_slot, probe.incident_open) == (Status.UP, noon + 16 * MINUTE, False)


def test_down_after_two_takes_two_runs(session, alice, vault, ping, look, fresh, noon) -> None:
    draft = draft_monitor(name="b", kind="heartbeat", down_after=2, settings={"period": 300, "grace": 60})
    monitor = create_monitor(session, alice, draft, vault=vault, now=noon, token="0123456789")
    ping(noon, token="0123456789")
    look(noon + 6 * MINUTE + 2 * SECOND)
    assert fresh(monitor)[0].status is Status.UP
    assert fresh(monitor)[1].next_slot == noon + 11 * MINUTE
    look(noon + 11 * MINUTE + 2 * SECOND)
    assert (fresh(monitor)[0].status, fresh(monitor)[0].condition_since) == (Status.DOWN, noon + 6 * MINUTE)


def test_a_run_that_does_not_end_is_told_once_and_its_end_is_well(
    session, alice, add_heartbeat, ping, look, fresh, view, noon
) -> None:
    monitor = add_heartbeat(longest_run=120)
    ping(noon)
    ping(noon + 5 * MINUTE, PingKind.START)
    assert fresh(monitor)[1].next_slot == noon + 7 * MINUTE
    assert look(noon + 7 * MINUTE + 2 * SECOND) == 1
    assert missed(session, fresh(monitor)[1]) == [(noon + 7 * MINUTE, Reason.RUN_TOO_LONG)]
    told = get_monitor_row(session, alice, monitor.public_id).cause
    assert told == "The run that began at 12:05 UTC has not ended within 2 min"
    ping(noon + 8 * MINUTE)
    assert fresh(monitor)[0].status is Status.UP
    assert view(monitor, noon).pings[0].run_us == 180_000_000
    assert look(noon + 14 * MINUTE) == 0


def test_a_run_that_began_in_time_is_waited_for_beyond_the_grace(
    add_heartbeat, ping, look, fresh, view, noon
) -> None:
    monitor = add_heartbeat(longest_run=3600)
    ping(noon)
    ping(noon + 5 * MINUTE, PingKind.START)
    assert look(noon + 64 * MINUTE) == 0
    assert not view(monitor, noon + 64 * MINUTE).is_late
    assert fresh(monitor)[0].status is Status.UP


def test_a_heartbeat_is_late_between_its_instant_and_the_end_of_its_grace(
    add_heartbeat, ping, view, noon
) -> None:
    monitor = add_heartbeat()
    assert not view(monitor, noon).is_late
    ping(noon)
    late = [view(monitor, noon + seconds * SECOND).is_late for seconds in (299, 300, 301, 360, 361)]
    assert late == [False, False, True, True, False]


def test_what_fell_due_while_pings_could_not_be_taken_is_no_data(
    session, add_heartbeat, ping, look, watched, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    watched((noon - HOUR, noon + 4 * MINUTE), (noon + 30 * MINUTE, noon + 2 * HOUR))
    look(noon + 35 * MINUTE)
    # Expected at 12:05, 12:10 … 12:30; by then anyone may have pinged in vain.
    reasons = [reason for _, reason in missed(session, fresh(monitor)[1])]
    assert reasons == [Reason.PINGS_NOT_TAKEN] * 6
    assert fresh(monitor)[0].status is Status.NO_DATA
    assert session.scalars(select(Incident)).all() == []
    look(noon + 37 * MINUTE)
    assert fresh(monitor)[0].status is Status.DOWN


def test_while_pings_cannot_be_taken_nobody_is_judged(
    session, add_heartbeat, ping, look, watched, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    watched((noon - HOUR, noon + 5 * MINUTE))
    assert look(noon + 3 * HOUR) == 0
    assert fresh(monitor)[0].status is Status.UP
    ping(noon + 3 * HOUR)
    assert missed(session, fresh(monitor)[1]) == []


def test_nobody_is_judged_before_anybody_watched(add_heartbeat, ping, look, session, fresh, noon) -> None:
    monitor = add_heartbeat()
    ping(noon)
    session.execute(text("DELETE FROM heartbeat_watches"))
    assert look(noon + HOUR) == 0
    assert fresh(monitor)[0].status is Status.UP


def test_web_processes_that_tell_in_turn_make_one_stretch(session, noon) -> None:
    for second in range(0, 60, 2):
        keep_watch(session, now=noon + second * SECOND)
    keep_watch(session, now=noon + 50 * SECOND)
    assert watches(session, since=noon) == [(noon, noon + 58 * SECOND)]
    keep_watch(session, now=noon + 73 * SECOND)
    keep_watch(session, now=noon + 89 * SECOND)
    assert watches(session, since=noon) == [
        (noon + 89 * SECOND, noon + 89 * SECOND),
        (noon, noon + 73 * SECOND),
    ]
    keep_watch(session, now=noon + timedelta(days=8))
    assert len(watches(session, since=noon)) == 1


def test_what_was_due_days_ago_is_passed_over(session, add_heartbeat, ping, look, fresh, noon) -> None:
    monitor = add_heartbeat(period=3600)
    ping(noon)
    for table, column in (("heartbeats", "anchor"), ("probes", "next_slot"), ("probes", "last_slot")):
        session.execute(text(f"UPDATE {table} SET {column} = :at"), {"at": noon - timedelta(days=5)})
    while look(noon):
        pass
    slots = [slot for slot, _ in missed(session, fresh(monitor)[1])]
    assert slots[0] >= noon - timedelta(days=1)
    assert len(slots) == 23


def test_a_cron_expression_is_read_in_its_time_zone(
    session, alice, add_heartbeat, ping, look, fresh, view, noon
) -> None:
    monitor = add_heartbeat(schedule="30 18 * * *", time_zone="Asia/Kolkata", grace=600)
    ping(noon)
    assert view(monitor, noon).expected_at == noon + HOUR
    assert look(noon + 70 * MINUTE + 2 * SECOND) == 1
    fresh(monitor)
    cause = get_monitor_row(session, alice, monitor.public_id).cause
    assert cause == "No heartbeat since 12:00 UTC (expected by 30 18 * * *, Asia/Kolkata, grace 10 min)"


def test_a_name_that_is_edited_moves_nothing_and_another_period_does(
    session, alice, vault, add_heartbeat, ping, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    for settings, due in (({"period": 300, "grace": 60}, 6), ({"period": 600, "grace": 120}, 12)):
        draft = draft_monitor(name="Other", kind="heartbeat", settings=settings)
        update_monitor(session, alice, fresh(monitor)[0], draft, vault=vault, now=noon + MINUTE)
        assert fresh(monitor)[1].next_slot == noon + due * MINUTE
    # By a stricter one it would be overdue already: the wait begins anew.
    draft = draft_monitor(name="Other", kind="heartbeat", settings={"period": 60, "grace": 60})
    update_monitor(session, alice, fresh(monitor)[0], draft, vault=vault, now=noon + 10 * MINUTE)
    assert fresh(monitor)[1].next_slot == noon + 12 * MINUTE


def test_another_token_ends_the_one_before_at_once(
    session, alice, vault, add_heartbeat, ping, view, noon
) -> None:
    monitor = add_heartbeat()
    before = view(monitor, noon).token
    rotate_token(session, alice, monitor, vault=vault)
    after = view(monitor, noon).token
    assert after != before
    assert len(after) == 32
    assert [ping(noon, token=token).value for token in (before, after)] == ["unknown", "counted"]


def test_no_slot_of_a_heartbeat_is_claimed_swept_or_overdue(
    session, add_heartbeat, ping, fresh, look, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    later = noon + timedelta(days=2)
    values = {"after": noon - timedelta(days=9), "until": later, "limit": 99, "now": later}
    assert checks.claim_due(session, location_id=1, **values).claims == []
    assert checks.realign(session, location_id=1, now=noon) == 0
    assert checks.checks_per_second(session, location_id=1) == 0
    assert checks.sweep_silence(session, now=later) == 0
    assert look_at_health(session, now=later).overdue == 0
    assert fresh(monitor)[0].status is Status.UP


@pytest.mark.parametrize("schedulers", [4])
def test_schedulers_that_look_at_once_miss_nothing_twice(new_database, noon, schedulers: int) -> None:
    engine = make_engine(new_database(), pool_size=schedulers)
    sessions, vault, count = make_session_factory(engine), Vault("a secret of the tests, long enough"), 40
    with sessions.begin() as session:
        user = register_user(session, Registration("a@example.com", "$2b$04$" + "x" * 53), now=noon)
        draft = draft_monitor(name="b", kind="heartbeat", settings={"period": 60, "grace": 60})
        for number in range(count):
            token = f"a-token-{number:04}"
            create_monitor(session, scope_of(session, user), draft, vault=vault, now=noon, token=token)
            take_ping(session, token, Ping(PingKind.SUCCESS), now=noon)
        session.execute(
            text("INSERT INTO heartbeat_watches VALUES (:since, :until)"),
            {"since": noon - HOUR, "until": noon + HOUR},
        )

    def run(_number: int) -> int:
        found = 0
        for second in range(0, 600, 20):
            with sessions.begin() as session:
                found += find_missing(session, now=noon + second * SECOND, limit=7)
        return found

    with ThreadPoolExecutor(schedulers) as pool:
        found = sum(pool.map(run, range(schedulers)))
    with sessions.begin() as session:
        while more := find_missing(session, now=noon + 600 * SECOND):
            found += more
        stored = session.execute(
            text("SELECT count(*), count(DISTINCT (probe_id, slot)) FROM results WHERE reason = 54")
        ).one()
        assert session.scalar(text("SELECT count(*) FROM incidents")) == count
    engine.dispose()
    # Due at 2:00 after the ping, then every minute until 9:00; the one at 10:00 is not yet told.
    assert found == stored[0] == stored[1] == count * 8
