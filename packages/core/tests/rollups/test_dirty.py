"""What is written late is marked: by whoever writes it."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.checks import Claim, Finished, Taken, record, sweep_silence, to_us
from emeter_core.incidents import Transition, follow
from emeter_core.monitors import Monitor, Probe
from emeter_core.outcome import Condition, Outcome, Phases, Reason
from emeter_core.rollups import QUARTER, DirtyRollup, mark_dirty
from emeter_core.rollups.dirty import LATE_AFTER, SETTLED_AFTER, Late

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def marks(session: Session) -> list[tuple[int, datetime, datetime, bool]]:
    rows = session.scalars(select(DirtyRollup).order_by(DirtyRollup.id))
    return [(row.monitor_id, row.since, row.until, row.checks) for row in rows]


def test_only_what_is_late_is_marked(session, noon) -> None:
    since = noon - LATE_AFTER
    mark_dirty(session, [Late(1, since), Late(2, since - TICK)], now=noon)
    assert marks(session) == [(2, since - TICK, noon, False)]


def test_late_results_mark_their_quarter_hours_once(session, noon) -> None:
    slots = [noon - 2 * QUARTER.length, noon - 1.2 * QUARTER.length, noon - 1.1 * QUARTER.length]
    mark_dirty(session, [Late(1, slot) for slot in slots], checks=True, now=noon)
    first, second = noon - 2 * QUARTER.length, noon - QUARTER.length
    assert marks(session) == [(1, first, second, True)]


def test_what_is_not_marked_is_written_before_its_rollup_is_made() -> None:
    # A transaction may take this long; half a minute is for hosts whose clocks disagree.
    assert MINUTE + timedelta(seconds=30) <= SETTLED_AFTER - LATE_AFTER


def test_a_verdict_that_reaches_back_is_marked(session, add_monitor, noon) -> None:
    monitor = add_monitor(now=noon - 60 * MINUTE)
    for minutes in (2, 20):
        transition = Transition(
            team_id=monitor.team_id,
            monitor_id=monitor.id,
            monitor_name=monitor.name,
            paused=False,
            reason=Reason.TIMEOUT,
            effective_at=noon - minutes * MINUTE,
            after=Condition.DOWN,
        )
        follow(session, [transition], now=noon)
    assert marks(session) == [(monitor.id, noon - 20 * MINUTE, noon, False)]


def test_a_silence_that_began_long_ago_is_marked(session, add_monitor, noon) -> None:
    quick, slow = add_monitor(now=noon - 60 * MINUTE), add_monitor(interval=600, now=noon - 120 * MINUTE)
    for monitor, last_slot in ((quick, noon - 3 * MINUTE), (slow, noon - 40 * MINUTE)):
        probe = session.query(Probe).filter(Probe.monitor_id == monitor.id).one()
        probe.last_slot, probe.condition = last_slot, "up"
    session.flush()

    assert sweep_silence(session, now=noon) == 2
    assert marks(session) == [(slow.id, noon - 30 * MINUTE, noon, False)]


def test_a_result_that_waited_long_is_marked(session, add_monitor, noon) -> None:
    monitor = add_monitor(now=noon - 60 * MINUTE)
    assert recorded(session, monitor, noon - 2 * MINUTE, now=noon)
    assert marks(session) == []
    assert recorded(session, monitor, noon - 20 * MINUTE, now=noon)
    assert [each[1:] for each in marks(session) if each[3]] == [
        (noon - 30 * MINUTE, noon - 15 * MINUTE, True)
    ]


def recorded(session: Session, monitor: Monitor, slot: datetime, *, now: datetime) -> int:
    """Have a slot claimed, taken and recorded `now`."""
    probe_id = session.query(Probe.id).filter(Probe.monitor_id == monitor.id).scalar()
    token = "00000000-0000-4000-8000-000000000001"
    session.add(
        Claim(probe_id=probe_id, slot=slot, lease_until=now, hinted_at=None, token=token, kind="regular")
    )
    session.flush()
    taken = Taken(probe_id, to_us(slot), token, monitor.id, monitor.version, 0)
    outcome = Outcome(Reason.OK, Phases(1, 2, 3, 4, 5))
    return record(session, [Finished(taken, outcome, slot)], now=now).counted
