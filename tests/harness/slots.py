"""The account of slots: each one checked once, or told of as a gap; nothing twice, nothing forgotten."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Engine, text

from emeter_core.checks.slots import slot_after
from emeter_core.outcome import Reason

EARLY, LATE = 0.1, 0.5
"""Seconds by which a request may seem to come before its check starts, or after it ends."""

_AT_ONCE = 3
"""So many checks of a probe may end in another order than they are recorded in."""

_PROBES = """
SELECT p.id, p.interval_ms, p.timeout_ms, m.inserted_at FROM probes p JOIN monitors m ON m.id = p.monitor_id
WHERE p.id = ANY (:probe_ids)
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that the database says of a probe's slots."""

    probe_id: int
    interval_ms: int
    timeout_ms: int
    created_at: datetime
    results: dict[datetime, tuple[float, float, Reason]] = field(default_factory=dict)
    """By slot: when the check started and ended (seconds since 1970), and its reason."""
    gaps: list[tuple[datetime, datetime, int, str]] = field(default_factory=list)
    claims: list[datetime] = field(default_factory=list)


def read_ledger(engine: Engine, probe_id: int) -> Ledger:
    """Read everything about the slots of a probe, at one instant."""
    return read_ledgers(engine, [probe_id])[probe_id]


def read_ledgers(engine: Engine, probe_ids: Sequence[int]) -> dict[int, Ledger]:
    """The same of many probes, by their ids, at one instant of all."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            found = connection.execute(text(statement), {"probe_ids": list(probe_ids)})
            return [tuple(row) for row in found]

        ledgers = {row[0]: Ledger(*row) for row in rows(_PROBES)}
        of_ours = "WHERE probe_id = ANY (:probe_ids)"
        results = rows(f"SELECT probe_id, slot, late_ms, total_us, reason FROM results {of_ours}")
        gaps = rows(f"SELECT probe_id, first_slot, last_slot, count, reason FROM gaps {of_ours}")
        claims = rows(f"SELECT probe_id, slot FROM claims {of_ours}")
    for probe_id, slot, late_ms, total_us, reason in results:
        started = slot.timestamp() + late_ms / 1000
        ledgers[probe_id].results[slot] = (started, started + total_us / 1e6, Reason(reason))
    for probe_id, *gap in gaps:
        ledgers[probe_id].gaps.append((gap[0], gap[1], gap[2], gap[3]))
    for probe_id, slot in claims:
        ledgers[probe_id].claims.append(slot)
    return ledgers


def account_for_slots(ledger: Ledger, until: datetime) -> list[str]:
    """Everything that is wrong with the slots up to `until`: each ends once, as a result or inside a gap."""
    lasts = (*ledger.results, *(last for _, last, _, _ in ledger.gaps))
    grid = _grid(ledger, max((until, *lasts)))
    ends = Counter(ledger.results.keys())
    problems = []
    for first, last, count, reason in ledger.gaps:
        inside = grid[bisect_left(grid, first) : bisect_right(grid, last)]
        ends.update(inside)
        if len(inside) != count:
            problems.append(
                f"the gap ({reason}) of probe {ledger.probe_id} at {first} counts {count} slots,"
                f" and holds {len(inside)}"
            )
    known = set(grid)
    return [
        *(
            f"{slot} of probe {ledger.probe_id} ended {ends[slot]} times"
            for slot in grid
            if slot <= until and ends[slot] != 1
        ),
        *problems,
        *(
            f"{slot} is no slot of the grid"
            for slot in ledger.results
            if slot not in known and slot > ledger.created_at
        ),
    ]


def explain_arrivals(ledger: Ledger, arrivals: Sequence[float], until: datetime) -> list[str]:
    """Everything that is wrong with the requests that a target saw up to `until`.

    Each result has a request of its own, within the time of its check; any request more was of a check
    whose end nobody heard of: then its slot is a gap, and one gap explains one request.
    """
    came = sorted(arrivals)
    explained: set[int] = set()
    problems = []
    for slot, (started, ended, _) in sorted(ledger.results.items(), key=lambda item: item[1][0]):
        mine = bisect_left(came, started - EARLY)
        while mine in explained:
            mine += 1
        if mine < len(came) and came[mine] <= ended + LATE:
            explained.add(mine)
        elif slot <= until:
            problems.append(f"{slot} of probe {ledger.probe_id} has a result, and no request was seen")
    left = [at for number, at in enumerate(came) if number not in explained and at <= until.timestamp()]
    return problems + _unexplained(ledger, left, until)


def _unexplained(ledger: Ledger, left: Sequence[float], until: datetime) -> list[str]:
    problems = []
    lost = _lost(ledger)
    longest = timedelta(milliseconds=ledger.interval_ms + ledger.timeout_ms, seconds=5).total_seconds()
    for at in left:
        its = next((slot for slot in lost if -EARLY <= at - slot.timestamp() <= longest), None)
        if its is None:
            moment = datetime.fromtimestamp(at, until.tzinfo)
            problems.append(f"a request at {moment} to probe {ledger.probe_id} is of no slot")
        else:
            lost.remove(its)
    return problems


def _lost(ledger: Ledger) -> list[datetime]:
    """Slots whose check may have begun, though nobody heard of its end."""
    stretches = [(first, last) for first, last, _, reason in ledger.gaps if reason == "lost"]
    if not stretches:
        return sorted(ledger.claims)
    grid = _grid(ledger, max(last for _, last in stretches))
    inside = (grid[bisect_left(grid, first) : bisect_right(grid, last)] for first, last in stretches)
    return sorted([*chain.from_iterable(inside), *ledger.claims])


def _grid(ledger: Ledger, until: datetime) -> list[datetime]:
    """All slots from the creation of the monitor on, confirmations among them."""
    created = ledger.created_at
    slots = [created.replace(microsecond=created.microsecond // 1000 * 1000)]
    while slots[-1] <= until:
        slots.append(slot_after(ledger.probe_id, ledger.interval_ms, slots[-1]))
    beside = {*ledger.results, *(first for first, *_ in ledger.gaps)}.difference(slots)
    return sorted([*slots[:-1], *(slot for slot in beside if slot > created and _confirms(ledger, slot))])


def _confirms(ledger: Ledger, slot: datetime) -> bool:
    """Whether a failure was known when this slot came: it is confirmed beside the grid, if that comes later.

    What was found before the failure may be known only after it.
    """
    ends = sorted((ended, reason) for _, ended, reason in ledger.results.values())
    known = [reason for ended, reason in ends if ended <= slot.timestamp()]
    return any(known[-_AT_ONCE:])
