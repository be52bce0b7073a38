"""R31: blocked is a verdict of its own, never down: no incident, no alert, no change of uptime."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_core import checks
from emeter_core.analytics import uptimes
from emeter_core.checks import Finished
from emeter_core.monitors import Monitor
from emeter_core.outcome import Condition, Outcome, Reason

MONITORS, ROUNDS = 50, 20
INTERVAL = timedelta(seconds=60)
WINDOWS = {"day": timedelta(days=1), "week": timedelta(days=7)}


def check_all(session: Session, now: datetime, reason: Reason) -> int:
    """Check whatever is due at `now`, and record that it was found so; returns how many."""
    past = now - timedelta(days=9)
    hint = checks.claim_due(session, location_id=1, after=past, until=now, limit=1000, now=now)
    taken = checks.take(session, hint, process_id=uuid.uuid4(), now=now)
    outcome = Outcome(reason, address="10.0.0.1", evidence={"error": "private"})
    finished = [Finished(claim, outcome, now, 0) for claim in taken]
    return checks.record(session, finished, now=now).counted


def counts(session: Session) -> tuple[int, ...]:
    tables = ("incidents", "incident_monitors", "deliveries")
    return tuple(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables)


def test_a_thousand_blocked_checks_open_no_incident_and_change_no_uptime(
    session, add_monitor, alice, noon
) -> None:
    monitors = [add_monitor(interval=60, down_after=1, up_after=1).id for _ in range(MONITORS)]
    # Up, down for ten minutes, and up again: there is an uptime that could change.
    for minutes, reason in ((0, Reason.OK), (10, Reason.TIMEOUT), (20, Reason.OK)):
        assert check_all(session, noon + minutes * INTERVAL, reason) == MONITORS
    now = noon + 60 * INTERVAL
    # From its first blocked slot on, which lies a little before, a monitor is not measured.
    check_all(session, now, Reason.ADDRESS_BLOCKED)
    before = uptimes(session, alice, monitors, windows=WINDOWS, now=now), counts(session)
    count = 0
    for number in range(1, ROUNDS + 1):
        count += check_all(session, now + number * INTERVAL, Reason.ADDRESS_BLOCKED)
    assert count == 1000
    end = now + ROUNDS * INTERVAL
    assert (uptimes(session, alice, monitors, windows=WINDOWS, now=end), counts(session)) == before
    assert all(0.8 < (each["week"].ratio or 0) < 0.9 for each in before[0].values())
    assert set(session.scalars(select(Monitor.condition))) == {Condition.BLOCKED}


def test_an_incident_stays_open_while_its_monitor_is_blocked(session, add_monitor, noon) -> None:
    add_monitor(interval=60, down_after=1, up_after=1)
    check_all(session, noon, Reason.TIMEOUT)
    for minutes, reason in ((1, Reason.ADDRESS_BLOCKED), (2, Reason.ADDRESS_BLOCKED)):
        check_all(session, noon + minutes * INTERVAL, reason)
    assert counts(session)[0] == 1
    ends = text("SELECT resolved_at FROM incidents")
    assert session.execute(ends).scalars().all() == [None]
    check_all(session, noon + 3 * INTERVAL, Reason.OK)
    assert session.execute(ends).scalars().all() != [None]
