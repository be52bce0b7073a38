"""Percentages, lengths and percentiles are those of an independent recomputation, to the last digit.

Here any status may follow any other, at any time (see `oracle`); what checks lead to is in `test_lives`. A
percentile is that of the single checks where all of them are kept as such. Rollups hold latencies as counts
between the powers of 1.05: of a time that they tell of it is the middle between two of those, and so up to
2.44 % beside the latency at that place. The oracle looks up the latency, then says which middle that is.

`make soak` draws 2,000 histories, every run 120.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import oracle
import pytest
from figures import hold_against_the_oracle
from histories import History, histories
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert
from sqlalchemy.orm import Session

from emeter_core import analytics
from emeter_core.checks import Result
from emeter_core.incidents import StatusChange
from emeter_core.monitors import Monitor, Probe
from emeter_core.outcome import Reason
from emeter_core.rollups.dirty import Late, mark_dirty
from emeter_core.scope import Scope

REASONS = {"ok": Reason.OK, "down": Reason.TIMEOUT, "other": Reason.NETWORK_UNAVAILABLE}

# A machine that is busy with something else proves nothing against us.
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=120)
@given(history=histories())
def test_figures_are_those_of_an_independent_recomputation(numbers, history) -> None:
    hold(*numbers, history)


@pytest.mark.soak
@settings(QUIET, max_examples=2000)
@given(history=histories())
def test_figures_of_two_thousand_histories_are_those_of_an_independent_recomputation(
    numbers, history
) -> None:
    hold(*numbers, history)


def hold(session: Session, scope: Scope, history: History) -> None:
    scope.team.time_zone = history.zone
    with taken_back(session):
        monitor = live_through(session, scope, history)
        hold_against_the_oracle(session, scope, monitor, history)


def live_through(session: Session, scope: Scope, history: History) -> Monitor:
    """Write all down in the order in which it became known, with rollups made in between and at the end."""
    monitor = Monitor(
        team_id=scope.team.id,
        name="A monitor",
        kind="http",
        target="http://example.com/",
        interval_seconds=60,
        timeout_seconds=10,
        down_after=3,
        up_after=2,
        settings={},
        version=1,
        condition="up",
        condition_since=history.start,
        inserted_at=history.start,
        updated_at=history.start,
    )
    session.add(monitor)
    session.flush()
    probe = Probe(
        monitor_id=monitor.id,
        location_id=1,
        interval_ms=60_000,
        timeout_ms=10_000,
        next_slot=history.now,
        enabled=True,
    )
    session.add(probe)
    session.flush()
    moment = history.start - timedelta(seconds=1)
    for look in (*history.looks, history.now):
        changes = [each for each in history.changes if moment < each.recorded_at <= look]
        write_changes(session, monitor, changes)
        write_checks(
            session, monitor, probe, [each for each in history.checks if moment < each.recorded_at <= look]
        )
        while analytics.roll_up(session, now=look):
            pass
        moment = look
    return monitor


def write_changes(session: Session, monitor: Monitor, changes: list[oracle.Change]) -> None:
    for each in changes:
        overlay = each.status if each.status in {"paused", "maintenance", "unreachable"} else None
        row = {
            "team_id": monitor.team_id,
            "monitor_id": monitor.id,
            "effective_at": each.effective_at,
            "recorded_at": each.recorded_at,
            "reason": Reason.OK,
            "condition": "up" if overlay else each.status,
        }
        session.execute(insert(StatusChange).values(row | ({overlay: True} if overlay else {})))
        mark_dirty(session, [Late(monitor.id, each.effective_at)], now=each.recorded_at)


def write_checks(session: Session, monitor: Monitor, probe: Probe, checks: list[oracle.Checked]) -> None:
    rows = [
        {
            "slot": each.slot,
            "probe_id": probe.id,
            "total_us": each.total_us,
            "late_ms": 0,
            "reason": REASONS[each.kind],
            "code": 200,
            "phases": struct.pack(">4H", 0, 0, 0, 0),
        }
        for each in checks
    ]
    if rows:
        session.execute(insert(Result), rows)
    for each in checks:
        mark_dirty(session, [Late(monitor.id, each.slot)], checks=True, now=each.recorded_at)


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        session.expunge_all()
