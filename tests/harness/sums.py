"""What long proofs found, added up over many runs in a file."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Leg:
    """A stretch of kills that was accounted for."""

    seed: int
    number: int
    """Of the legs with this seed: what is random follows from both."""
    kills: dict[str, int]
    slowest: float
    """Seconds until checks went on as before, at most."""
    longest_wait: float
    results: int
    gaps: int
    missed: int
    lost: int
    alerts: int = 0
    doubles: int = 0
    """Of them those that came twice."""
    problems: list[str] = field(default_factory=list)


class Sum:
    """All legs so far; kept in `path` after each of them, or nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        told = json.loads(path.read_text()) if path and path.exists() else {"legs": []}
        self.legs = [Leg(**leg) for leg in told["legs"]]

    def next_number(self, seed: int) -> int:
        """The number of the next leg with this seed."""
        return sum(leg.seed == seed for leg in self.legs)

    def add(self, leg: Leg) -> None:
        """Add a leg and keep it."""
        self.legs.append(leg)
        if self._path:
            told = {"sum": self.told(), "legs": [asdict(each) for each in self.legs]}
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(told, indent=1))
            new.replace(self._path)

    def told(self) -> str:
        """The sum in a line."""
        kills: Counter[str] = Counter()
        for leg in self.legs:
            kills.update(leg.kills)
        by_name = ", ".join(f"{name} {count}" for name, count in sorted(kills.items()))
        seeds = ", ".join(map(str, sorted({leg.seed for leg in self.legs})))
        return (
            f"{kills.total()} kills ({by_name}), seeds {seeds}: checks went on after"
            f" {max(leg.slowest for leg in self.legs):.1f} s at most, a target waited"
            f" {max(leg.longest_wait for leg in self.legs):.1f} s at most;"
            f" {sum(leg.results for leg in self.legs)} results, {sum(leg.gaps for leg in self.legs)} gaps"
            f" of {sum(leg.missed for leg in self.legs)} slots, {sum(leg.lost for leg in self.legs)} of them"
            f" lost on the way; {sum(leg.alerts for leg in self.legs)} alerts,"
            f" {sum(leg.doubles for leg in self.legs)} of them twice;"
            f" {sum(len(leg.problems) for leg in self.legs)} problems"
        )
