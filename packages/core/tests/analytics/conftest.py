"""Monitors with a history: status changes and results, written as the checker writes them."""

import struct
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from emeter_core.analytics import roll_up
from emeter_core.checks import Result
from emeter_core.incidents import StatusChange
from emeter_core.monitors import Monitor, Probe
from emeter_core.outcome import Phases, Reason
from emeter_storage.partitions import ensure_partitions

_USUAL = Phases(1000, 2000, 3000, 4000, 5000)


@pytest.fixture(autouse=True)
def _partitions(session: Session, noon: datetime) -> None:
    """Have the days of the tests, whatever day it is."""
    ensure_partitions(session.connection(), noon.date())


@pytest.fixture
def change(session: Session) -> Callable[..., None]:
    """Give a monitor another status from `at` on."""

    def write(monitor: Monitor, status: str, at: datetime, *, reason: Reason = Reason.OK) -> None:
        overlay = status if status in {"paused", "maintenance", "unreachable"} else None
        condition = "up" if overlay else status
        row = {
            "team_id": monitor.team_id,
            "monitor_id": monitor.id,
            "effective_at": at,
            "recorded_at": at,
            "reason": reason,
            "condition": condition,
        }
        session.execute(insert(StatusChange).values(row | ({overlay: True} if overlay else {})))
        shown = (
            {"paused_at": at}
            if status == "paused"
            else {"condition": condition, "condition_since": at, "paused_at": None}
        )
        session.execute(update(Monitor).where(Monitor.id == monitor.id).values(shown))

    return write


@pytest.fixture
def checked(session: Session) -> Callable[..., None]:
    """Store the result of one check of a monitor."""

    def write(
        monitor: Monitor,
        slot: datetime,
        *,
        phases: Phases = _USUAL,
        reason: Reason = Reason.OK,
        **fields: object,
    ) -> None:
        probe_id = session.query(Probe.id).filter(Probe.monitor_id == monitor.id).scalar()
        known: dict[str, object] = {"late_ms": 3, "code": 200, "evidence": None}
        values = known | fields | {"slot": slot, "probe_id": probe_id, "reason": reason}
        packed = struct.pack(">4I", *phases[:4])
        session.execute(insert(Result).values(values | {"total_us": phases.total, "phases": packed}))
        last = {"last_slot": slot, "last_total_us": phases.total, "last_reason": reason}
        session.execute(update(Probe).where(Probe.id == probe_id).values(last))

    return write


@pytest.fixture
def rolled_up(session: Session) -> Callable[[datetime], None]:
    """Make all rollups that can be made at a moment."""

    def make(now: datetime) -> None:
        while roll_up(session, now=now):
            pass

    return make
