"""The account of slots: each one checked once, or told of as a gap; nothing twice, nothing forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from emeter_core.checks.slots import slot_after
from emeter_core.outcome import Reason

_EARLY, _LATE = 0.1, 0.5
"""Seconds by which a request may seem to come before its check starts, or after it ends."""

_PROBE = """
SELECT p.id, p.interval_ms, p.timeout_ms, m.inserted_at FROM probes p JOIN monitors m ON m.id = p.monitor_id
WHERE p.id = :probe_id
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that the database says of a probe's slots."""

    probe_id: int
    interval_ms: int
    timeout_ms: int
    created_at: datetime
    results: dict[datetime, tuple[float, float, Reason]]
    """By slot: when the check started and ended (seconds since 1970), and its reason."""
    gaps: list[tuple[datetime, datetime, int, str]]
    claims: list[datetime]

    @property
    def lost(self) -> list[datetime]:
        """Slots whose check may have begun, though nobody heard of its end."""
        return [first for first, _, _, reason in self.gaps if reason == "lost"] + self.claims


def read_ledger(engine: Engine, probe_id: int) -> Ledger:
    """Read everything about the slots of a probe, at one instant."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(text(statement), {"probe_id": probe_id})]

        probe = connection.execute(text(_PROBE), {"probe_id": probe_id}).one()
        results = rows("SELECT slot, late_ms, total_us, reason FROM results WHERE probe_id = :probe_id")
        gaps = rows("SELECT first_slot, last_slot, count, reason FROM gaps WHERE probe_id = :probe_id")
        claims = rows("SELECT slot FROM claims WHERE probe_id = :probe_id")
    timed = {}
    for slot, late_ms, total_us, reason in results:
        started = slot.timestamp() + late_ms / 1000
        timed[slot] = (started, started + total_us / 1e6, Reason(reason))
    return Ledger(
        probe.id,
        probe.interval_ms,
        probe.timeout_ms,
        probe.inserted_at,
        timed,
        gaps,
        [slot for (slot,) in claims],
    )


def account_for_slots(ledger: Ledger, until: datetime) -> list[str]:
    """Everything that is wrong with the slots up to `until`: each ends once, as a result or inside a gap."""
    return [
        *(problem for slot in _grid(ledger, until) if (problem := _fate(ledger, slot))),
        *(problem for gap in ledger.gaps if (problem := _count(ledger, gap))),
        *(
            f"{slot} is no slot of the grid"
            for slot in ledger.results
            if slot not in _grid(ledger, slot) and slot > ledger.created_at
        ),
    ]


def explain_arrivals(ledger: Ledger, arrivals: Sequence[float], until: datetime) -> list[str]:
    """Everything that is wrong with the requests that a target saw up to `until`.

    Each result has a request of its own, within the time of its check; any request more was of a check
    whose end nobody heard of: then its slot is a gap, and one gap explains one request.
    """
    left = sorted(arrivals)
    problems = []
    for slot, (started, ended, _) in sorted(ledger.results.items(), key=lambda item: item[1][0]):
        mine = next((at for at in left if started - _EARLY <= at <= ended + _LATE), None)
        if mine is not None:
            left.remove(mine)
        elif slot <= until:
            problems.append(f"{slot} has a result, and no request was seen")
    lost = sorted(ledger.lost)
    longest = timedelta(milliseconds=ledger.interval_ms + ledger.timeout_ms, seconds=5).total_seconds()
    for at in (at for at in left if at <= until.timestamp()):
        its = next((slot for slot in lost if -_EARLY <= at - slot.timestamp() <= longest), None)
        if its is None:
            problems.append(f"a request at {datetime.fromtimestamp(at, until.tzinfo)} is of no slot")
        else:
            lost.remove(its)
    return problems


def _grid(ledger: Ledger, until: datetime) -> list[datetime]:
    """All slots from the creation of the monitor on."""
    created = ledger.created_at
    slots = [created.replace(microsecond=created.microsecond // 1000 * 1000)]
    while slots[-1] <= until:
        slots.append(slot_after(ledger.probe_id, ledger.interval_ms, slots[-1]))
    return slots[:-1]


def _fate(ledger: Ledger, slot: datetime) -> str:
    ends = (slot in ledger.results) + sum(first <= slot <= last for first, last, _, _ in ledger.gaps)
    return "" if ends == 1 else f"{slot} of probe {ledger.probe_id} ended {ends} times"


def _count(ledger: Ledger, gap: tuple[datetime, datetime, int, str]) -> str:
    first, last, count, reason = gap
    inside = sum(first <= slot <= last for slot in _grid(ledger, last))
    if inside == count:
        return ""
    return (
        f"the gap ({reason}) of probe {ledger.probe_id} at {first} counts {count} slots, and holds {inside}"
    )
