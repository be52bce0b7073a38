"""The history of statuses out of the database: the same as the pure rule, for many monitors at once."""

import random
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from emeter_core import checks
from emeter_core.analytics import Span, history, status_changes, uptime, uptimes
from emeter_core.analytics.span import Known, join_spans
from emeter_core.checks import Finished
from emeter_core.incidents import StatusChange
from emeter_core.monitors import Status, pause_monitor, resume_monitor
from emeter_core.outcome import Outcome, Reason

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def told(spans: list[Span]) -> list[tuple[str, timedelta]]:
    """Each status with how long it lasted."""
    return [(span.status.value, span.until - span.since) for span in spans]


def test_a_history_is_cut_to_the_time_asked_for(session, alice, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - 3 * DAY)
    change(monitor, "up", noon - 2 * DAY)
    change(monitor, "down", noon - HOUR, reason=Reason.TIMEOUT)
    found = history(session, alice, [monitor.id], since=noon - DAY, now=noon)
    assert found == {
        monitor.id: [
            Span(Status.UP, noon - DAY, noon - HOUR, Reason.OK),
            Span(Status.DOWN, noon - HOUR, noon, Reason.TIMEOUT),
        ]
    }


def test_a_young_monitor_has_no_history_before_it_was_made(session, alice, add_monitor, noon) -> None:
    monitor = add_monitor(now=noon - HOUR)
    assert told(history(session, alice, [monitor.id], since=noon - DAY, now=noon)[monitor.id]) == [
        ("pending", HOUR)
    ]


def test_many_monitors_keep_their_own(session, alice, add_monitor, change, noon) -> None:
    monitors = [add_monitor(now=noon - DAY) for _ in range(4)]
    for number, monitor in enumerate(monitors):
        change(monitor, "up", noon - (number + 1) * HOUR)
    found = history(session, alice, [each.id for each in monitors], since=noon - DAY, now=noon)
    assert [told(found[each.id])[-1] for each in monitors] == [("up", n * HOUR) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("status", Status)
def test_every_status_comes_back_as_what_it_was(session, alice, add_monitor, change, noon, status) -> None:
    monitor = add_monitor(now=noon - DAY)
    change(monitor, status.value, noon - HOUR)
    assert history(session, alice, [monitor.id], since=noon - HOUR, now=noon)[monitor.id] == [
        Span(status, noon - HOUR, noon, Reason.OK)
    ]


def test_a_stranger_sees_nothing(session, charlie, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - DAY)
    change(monitor, "up", noon - HOUR)
    assert history(session, charlie, [monitor.id], since=noon - DAY, now=noon) == {}
    assert status_changes(session, charlie, monitor, now=noon) == []
    month = uptimes(session, charlie, [monitor.id], windows={"month": DAY}, now=noon)
    assert month[monitor.id]["month"].ratio is None


def test_no_monitors_have_no_history(session, alice, noon) -> None:
    assert history(session, alice, [], since=noon - DAY, now=noon) == {}
    assert uptimes(session, alice, [], windows={"day": DAY}, now=noon) == {}


def test_the_newest_changes_come_first(session, alice, add_monitor, change, noon) -> None:
    monitor = add_monitor(now=noon - DAY)
    for hours, status in ((5, "up"), (4, "down"), (3, "up"), (2, "paused"), (1, "pending")):
        change(monitor, status, noon - hours * HOUR)
    changes = status_changes(session, alice, monitor, now=noon, limit=3)
    assert told(changes) == [("pending", HOUR), ("paused", HOUR), ("up", HOUR)]
    assert changes[0].until == noon
    assert len(status_changes(session, alice, monitor, now=noon)) == 6


def _check(session, now, reason, offset=timedelta(0)) -> None:
    hint = checks.claim_due(session, location_id=1, after=now - DAY, until=now, limit=9, now=now)
    taken = checks.take(session, hint, process_id=uuid.uuid4(), now=now)
    assert taken
    checks.record(
        session, [Finished(claim, Outcome(reason), now + offset) for claim in taken], now=now + offset
    )


def test_what_the_checker_writes_late_holds_from_when_it_began(session, alice, add_monitor, noon) -> None:
    # Made, and later resumed, within a millisecond whose begin is the slot of the first check.
    begin = noon + timedelta(microseconds=456)
    monitor = add_monitor(now=begin, interval=5, timeout=2, down_after=2, up_after=2)
    _check(session, begin, Reason.OK)
    pause_monitor(session, alice, monitor, now=begin + MINUTE)
    resumed = begin + 2 * MINUTE
    resume_monitor(session, alice, monitor, now=resumed)
    _check(session, resumed, Reason.OK)
    for seconds, reason in ((10, Reason.TIMEOUT), (20, Reason.TIMEOUT), (40, Reason.OK), (50, Reason.OK)):
        _check(session, resumed + timedelta(seconds=seconds), reason, timedelta(seconds=1))
    spans = history(session, alice, [monitor.id], since=noon - DAY, now=resumed + MINUTE)[monitor.id]
    assert [span.status for span in spans] == [Status.UP, Status.PAUSED, Status.UP, Status.DOWN, Status.UP]
    slots = select(StatusChange.effective_at).where(StatusChange.condition == "down")
    assert spans[3].since == session.scalars(slots).one() < resumed + timedelta(seconds=11)
    assert spans[3].reason is Reason.TIMEOUT
    assert resumed + timedelta(seconds=30) < spans[4].since < resumed + timedelta(seconds=41)


@pytest.mark.parametrize("seed", range(8))
def test_uptimes_are_those_of_the_histories(session, alice, add_monitor, change, noon, seed: int) -> None:
    """Random histories, out of order here and there, in and around several windows."""
    chance = random.Random(seed)
    windows = {"hour": HOUR, "day": DAY, "month": 30 * DAY}
    monitors = [add_monitor(now=noon - chance.choice([1, 5, 40]) * DAY) for _ in range(12)]
    for monitor in monitors:
        moment = monitor.inserted_at
        for _ in range(chance.randrange(30)):
            moment += chance.choice([1, 60, 3600, 86_400]) * chance.uniform(-0.2, 2) * timedelta(seconds=1)
            change(monitor, chance.choice(list(Status)).value, max(moment, monitor.inserted_at))
    ids = [monitor.id for monitor in monitors]
    found = uptimes(session, alice, ids, windows=windows, now=noon)
    for name, window in windows.items():
        spans = history(session, alice, ids, since=noon - window, now=noon)
        for monitor in monitors:
            assert spans.get(monitor.id, []) == _slowly(session, monitor, noon - window, noon)
            assert found[monitor.id][name] == uptime(spans.get(monitor.id, []))


def _slowly(session, monitor, since, until) -> list[Span]:
    """All rows there are, by the pure rule."""
    rows = session.scalars(
        select(StatusChange).where(StatusChange.monitor_id == monitor.id).order_by(StatusChange.id.desc())
    )
    known = [Known(_status(row), row.effective_at, Reason(row.reason)) for row in rows]
    return join_spans(known, since=since, until=until)


def _status(row: StatusChange) -> Status:
    overlays = {"paused": row.paused, "maintenance": row.maintenance, "unreachable": row.unreachable}
    return Status(next((name for name, is_on in overlays.items() if is_on), row.condition))
