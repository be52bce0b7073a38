"""Bars: a slot of time each, quiet where all was well, tall where it was not; one path per status."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from emeter_web.charts.paths import ticks

HEIGHTS = {
    "up": 7,
    "degraded": 13,
    "down": 20,
    "maintenance": 10,
    "paused": 5,
    "unreachable": 5,
    "pending": 2,
    "no_data": 2,
    "blocked": 2,
}
_STEP, _MIDDLE, _BASE = 4, 1.5, 20
# The letter of a slot for scripts; a space where there was nothing yet.
_LETTERS = {
    None: " ",
    "up": "u",
    "degraded": "g",
    "down": "d",
    "maintenance": "m",
    "paused": "p",
    "unreachable": "x",
    "pending": "w",
    "no_data": "n",
    "blocked": "b",
}
# Worst first, as they are told.
_TOLD = (
    "down",
    "degraded",
    "maintenance",
    "paused",
    "unreachable",
    "blocked",
    "no_data",
    "pending",
    "up",
)


@dataclass(frozen=True, slots=True)
class Bars:
    """Paths by status, a letter a slot for scripts, and the same in words."""

    width: int
    paths: tuple[tuple[str, str], ...]
    slots: str
    told: str


def draw(statuses: Sequence[str | None]) -> Bars:
    """Draw a bar for each slot; None leaves its place empty, for there was nothing yet."""
    return _draw(tuple(statuses))


# Most rows of a list are alike: up all day.
@lru_cache(maxsize=4096)
def _draw(statuses: tuple[str | None, ...]) -> Bars:
    slots: dict[str, list[float]] = {}
    for index, status in enumerate(statuses):
        if status is not None:
            slots.setdefault(status, []).append(index * _STEP + _MIDDLE)
    paths = tuple(
        (status, ticks(slots[status], _BASE, height)) for status, height in HEIGHTS.items() if status in slots
    )
    letters = "".join(_LETTERS[status] for status in statuses)
    return Bars(max(len(statuses), 1) * _STEP, paths, letters, tell(statuses))


def tell(statuses: Sequence[str | None]) -> str:
    """Sum slots up, worst first: `down 1, degraded 1, up 46`."""
    counted = Counter(statuses)
    told = [f"{status.replace('_', ' ')} {counted[status]}" for status in _TOLD if counted[status]]
    return ", ".join(told) or "nothing yet"
