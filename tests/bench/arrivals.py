"""Lateness as the target saw it: the arrival of each check minus the slot that it belongs to."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_EARLY_MS = 500
"""An arrival this close before a slot belongs to it, further away to the one before: that would be late."""


@dataclass(frozen=True, slots=True)
class Window:
    """The slots that count: from `begin` on, before `end`; `interval_ms` is that of all monitors."""

    begin: datetime
    end: datetime
    interval_ms: int

    def slots(self, phase_ms: int) -> int:
        """How many slots a probe with this phase has in the window."""
        return self._before(self.end, phase_ms) - self._before(self.begin, phase_ms)

    def has(self, slot_ms: float) -> bool:
        """Whether a slot (milliseconds since 1970) counts."""
        return self.begin.timestamp() * 1000 <= slot_ms < self.end.timestamp() * 1000

    def _before(self, moment: datetime, phase_ms: int) -> int:
        milliseconds = moment.timestamp() * 1000 - phase_ms
        return int(-(-milliseconds // self.interval_ms))


def read_arrivals(logs: list[Path], phases: dict[int, int], window: Window) -> dict[str, float]:
    """Percentiles in ms (nginx's clock has whole ones), how many arrived, and slots that came twice."""
    late: list[float] = []
    seen: Counter[tuple[int, int]] = Counter()
    for line in (line for log in logs for line in log.read_text().splitlines()):
        at, took, path = line.split(" ")
        number = int(path.rpartition("/")[2])
        arrived_ms = (float(at) - float(took)) * 1000
        lateness = _lateness(arrived_ms - phases[number], window.interval_ms)
        if window.has(round(arrived_ms - lateness)):
            late.append(lateness)
            seen[number, round(arrived_ms - lateness)] += 1
    late.sort()
    twice = sum(count - 1 for count in seen.values())
    return _percentiles(late) | {"arrived": len(late), "twice": twice}


def _lateness(since_phase_ms: float, interval_ms: int) -> float:
    lateness = since_phase_ms % interval_ms
    return lateness - interval_ms if lateness > interval_ms - _EARLY_MS else lateness


def _percentiles(ordered: list[float]) -> dict[str, float]:
    if not ordered:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0, "min": 0.0}
    found = {name: ordered[int((len(ordered) - 1) * share)] for name, share in (("p50", 0.5), ("p99", 0.99))}
    return found | {"max": ordered[-1], "min": ordered[0]}
