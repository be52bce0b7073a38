"""A ping taken: it counts as a check does, and says how long the run took."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from emeter_core.analytics import last_checks
from emeter_core.checks.result import Result
from emeter_core.heartbeats import HeartbeatPing, Ping, PingKind, Taken
from emeter_core.incidents import Incident, StatusChange
from emeter_core.microseconds import LONGEST_US
from emeter_core.monitors import Status, cause_of, get_monitor_row, pause_monitor, resume_monitor
from emeter_core.monitors.heartbeat.heartbeat import PINGS_KEPT
from emeter_core.monitors.heartbeat.ping import MAX_MESSAGE, clean_message
from emeter_core.outcome import Reason

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def results(session, probe) -> list[tuple[object, ...]]:
    found = select(Result.slot, Result.reason, Result.code, Result.total_us).where(
        Result.probe_id == probe.id
    )
    return [tuple(row) for row in session.execute(found.order_by(Result.slot))]


def incidents(session) -> list[Incident]:
    wanted = select(Incident).order_by(Incident.id).execution_options(populate_existing=True)
    return list(session.scalars(wanted))


def test_a_new_heartbeat_is_pending_until_its_first_ping(add_heartbeat, look, fresh, ping, noon) -> None:
    monitor = add_heartbeat()
    assert look(noon + timedelta(days=8)) == 0
    assert fresh(monitor)[0].status is Status.PENDING
    assert ping(noon + timedelta(days=3)) is Taken.COUNTED
    assert fresh(monitor)[0].status is Status.UP


def test_an_unknown_token_counts_nowhere(session, add_heartbeat, ping, noon) -> None:
    add_heartbeat()
    assert ping(noon, token="another") is Taken.UNKNOWN
    assert ping(noon, token="\ud800") is Taken.UNKNOWN
    assert session.scalar(select(func.count()).select_from(HeartbeatPing)) == 0


def test_a_success_is_a_result_at_its_own_instant(session, add_heartbeat, ping, fresh, noon) -> None:
    monitor = add_heartbeat()
    at = noon + timedelta(microseconds=1234)
    ping(at)
    found, probe = fresh(monitor)
    assert results(session, probe) == [(at, Reason.OK, 0, 0)]
    assert (found.condition_since, probe.last_slot, probe.next_slot) == (at, at, at + 6 * MINUTE)


def test_two_pings_of_one_millisecond_are_two_results(
    session, add_heartbeat, ping, fresh, view, noon
) -> None:
    monitor = add_heartbeat()
    for _ in range(3):
        ping(noon)
    probe = fresh(monitor)[1]
    slots = [slot for slot, *_ in results(session, probe)]
    assert slots == [noon + timedelta(milliseconds=ms) for ms in range(3)]
    assert probe.successes == 3
    assert [each.at for each in reversed(view(monitor, noon).pings)] == slots


def test_a_ping_after_the_clock_was_ahead_still_counts(session, add_heartbeat, ping, fresh, noon) -> None:
    monitor = add_heartbeat()
    ping(noon + timedelta(hours=1))
    ping(noon, PingKind.FAIL)
    assert fresh(monitor)[0].status is Status.DOWN
    assert fresh(monitor)[1].last_slot == noon


def test_a_failure_opens_an_incident_and_a_success_ends_it(
    session, alice, add_heartbeat, ping, fresh, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    ping(noon + MINUTE, PingKind.FAIL, message="\nno space left\non /dev/sda1")
    [incident] = incidents(session)
    assert (incident.cause, incident.started_at) == ("run_failed", noon + MINUTE)
    assert incident.evidence["body"] == "\nno space left\non /dev/sda1"
    fresh(monitor)
    row = get_monitor_row(session, alice, monitor.public_id)
    assert (row.status, row.cause) == (Status.DOWN, "The job reported a failure: no space left")
    ping(noon + 2 * MINUTE)
    [incident] = incidents(session)
    assert (incident.resolved_at, fresh(monitor)[0].status) == (noon + 2 * MINUTE, Status.UP)
    changes = session.scalars(select(StatusChange.condition).order_by(StatusChange.id)).all()
    assert changes == ["pending", "up", "down", "up"]


def test_an_exit_code_tells_success_from_failure(session, add_heartbeat, fresh, noon, ping) -> None:
    monitor = add_heartbeat()
    assert [Ping.of_exit_code(code) is None for code in (-1, 0, 255, 256)] == [True, False, False, True]
    for code in (0, 3):
        told = Ping.of_exit_code(code)
        ping(noon + code * MINUTE, told.kind, exit_code=told.exit_code)
    probe = fresh(monitor)[1]
    assert [row[1:3] for row in results(session, probe)] == [(Reason.OK, 0), (Reason.RUN_FAILED, 3)]
    assert cause_of(monitor, Reason.RUN_FAILED, {"code": 3}) == "The job ended with exit code 3"
    assert cause_of(monitor, Reason.RUN_FAILED, code=3) == "The job ended with exit code 3"
    assert cause_of(monitor, Reason.RUN_FAILED) == "The job reported a failure"


def test_a_run_takes_from_start_to_end(session, alice, add_heartbeat, ping, fresh, view, noon) -> None:
    monitor = add_heartbeat()
    ping(noon, PingKind.START)
    assert fresh(monitor)[0].status is Status.PENDING
    assert list(view(monitor, noon).runs) == [""]
    ping(noon + 12.5 * SECOND)
    [check] = last_checks(session, alice, monitor, now=noon + MINUTE)
    assert (check.total_us, check.phases.transfer) == (12_500_000, 12_500_000)
    shown = view(monitor, noon + MINUTE)
    assert ([each.run_us for each in shown.pings], shown.runs) == ([12_500_000, None], {})


def test_runs_that_overlap_are_told_apart(add_heartbeat, ping, view, noon) -> None:
    monitor, one, other = add_heartbeat(), uuid.uuid4(), uuid.uuid4()
    ping(noon, PingKind.START, rid=one)
    ping(noon + 10 * SECOND, PingKind.START, rid=other)
    ping(noon + 11 * SECOND, rid=one)
    ping(noon + 15 * SECOND, rid=other)
    ping(noon + 20 * SECOND)
    took = [each.run_us for each in view(monitor, noon).pings if each.kind is PingKind.SUCCESS]
    assert took == [None, 5_000_000, 11_000_000]


@pytest.mark.parametrize(("days", "told"), [(2, 2 * 86_400_000_000), (40, LONGEST_US)])
def test_a_run_of_days_is_told_in_full_up_to_24_of_them(
    session, add_heartbeat, ping, fresh, view, noon, days: int, told: int
) -> None:
    monitor = add_heartbeat()
    ping(noon - timedelta(days=days), PingKind.START)
    ping(noon)
    assert view(monitor, noon).pings[0].run_us == days * 86_400_000_000
    assert results(session, fresh(monitor)[1])[0][3] == told


def test_a_length_that_the_job_tells_itself_counts(session, add_heartbeat, ping, fresh, noon) -> None:
    monitor = add_heartbeat()
    ping(noon, run_us=42_000)
    assert results(session, fresh(monitor)[1])[0][3] == 42_000


def test_a_log_line_is_kept_and_changes_nothing(session, add_heartbeat, ping, fresh, view, noon) -> None:
    monitor = add_heartbeat()
    ping(noon)
    before = fresh(monitor)[1].next_slot
    ping(noon + MINUTE, PingKind.LOG, message="half done")
    probe = fresh(monitor)[1]
    assert (probe.next_slot, len(results(session, probe))) == (before, 1)
    shown = view(monitor, noon + MINUTE)
    assert [(each.kind, each.message) for each in shown.pings] == [
        (PingKind.LOG, "half done"),
        (PingKind.SUCCESS, ""),
    ]
    assert (shown.count, shown.last_ping_at) == (2, noon + MINUTE)


def test_a_paused_heartbeat_keeps_its_pings_and_its_status(
    session, alice, add_heartbeat, ping, fresh, view, look, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    pause_monitor(session, alice, monitor, now=noon + MINUTE)
    assert ping(noon + 2 * MINUTE, PingKind.FAIL) is Taken.PAUSED
    assert look(noon + timedelta(days=1)) == 0
    found, probe = fresh(monitor)
    assert (found.status, found.condition, len(results(session, probe))) == (Status.PAUSED, "up", 1)
    assert view(monitor, noon).last_ping_at == noon + 2 * MINUTE


def test_a_resumed_heartbeat_is_expected_again_from_then_on(
    session, alice, add_heartbeat, ping, fresh, look, noon
) -> None:
    monitor = add_heartbeat()
    ping(noon)
    pause_monitor(session, alice, monitor, now=noon + MINUTE)
    later = noon + timedelta(hours=3)
    resume_monitor(session, alice, fresh(monitor)[0], now=later)
    assert fresh(monitor)[0].status is Status.PENDING
    assert fresh(monitor)[1].next_slot == later + 6 * MINUTE
    assert look(later + 6 * MINUTE) == 0
    assert look(later + 6 * MINUTE + 2 * SECOND) == 1
    assert fresh(monitor)[0].status is Status.DOWN


def test_only_the_last_hundred_pings_are_kept(session, add_heartbeat, ping, noon) -> None:
    add_heartbeat()
    for second in range(PINGS_KEPT + 5):
        ping(noon + second * SECOND, PingKind.LOG)
    oldest, number = session.execute(select(func.min(HeartbeatPing.at), func.count())).one()
    assert (oldest, number) == (noon + 5 * SECOND, PINGS_KEPT)


@pytest.mark.parametrize("first", [True, False])
def test_a_ping_costs_few_statements(session, connection, add_heartbeat, ping, noon, *, first: bool) -> None:
    add_heartbeat()
    if not first:
        ping(noon)
    seen: list[str] = []
    note = lambda *args: seen.append(args[2])  # noqa: E731 - SQLAlchemy's listener
    event.listen(connection, "before_cursor_execute", note)
    ping(noon + MINUTE)
    event.remove(connection, "before_cursor_execute", note)
    # Beside them COPY, which goes past SQLAlchemy, within a savepoint: two of these.
    assert len(seen) <= (8 if first else 5), seen


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", ""),
        (b" done \n", "done"),
        (b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"x" * 5000, "x" * MAX_MESSAGE),
        ("\N{SNOWMAN}".encode() * 1000, "\N{SNOWMAN}" * (MAX_MESSAGE // 3)),
    ],
)
def test_what_comes_with_a_ping_is_text_of_2_kib_at_most(sent: bytes, kept: str) -> None:
    assert clean_message(sent).rstrip("\N{REPLACEMENT CHARACTER}") == kept.rstrip("\N{REPLACEMENT CHARACTER}")
    assert len(clean_message(sent).encode()) <= MAX_MESSAGE
