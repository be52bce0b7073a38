"""The tape: a ruler of 24 hours whose ticks rise, logarithmically, where monitors were in trouble."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from emeter_web import formats
from emeter_web.charts.paths import ticks
from emeter_web.charts.times import Mark, marks

_STEP = 10  # px of a quarter of an hour
_AN_HOUR = 4
_A_DAY = 96
_QUARTER = timedelta(minutes=15)
_BASE = 56
_LOW, _HIGH, _GAP = 13, 46, 2
_MINOR, _HOUR = 6, 11
# At least as many monitors reach the top.
_TOP_FROM = 10
# A callout on the right half reads to the left.
_FLIP_FROM = 60


class Tick(Protocol):
    """A quarter of an hour, and how many monitors were in trouble in it at most."""

    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def down(self) -> int: ...  # noqa: D102
    @property
    def degraded(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Event:
    """Something large that happened: where it stands (percent of the width), what it says, where it leads."""

    x: int
    text: str
    small: str
    href: str

    @property
    def flip(self) -> bool:
        """Tell whether its text stands to the left of its line."""
        return self.x >= _FLIP_FROM


@dataclass(frozen=True, slots=True)
class Tape:
    """Paths by class, the words of the scale, and all in a sentence."""

    width: int
    paths: tuple[tuple[str, str], ...]
    scale: tuple[Mark, ...] = ()
    told: str = ""
    events: tuple[Event, ...] = ()


def draw(quarters: Sequence[Tick], events: Sequence[Event] = ()) -> Tape:
    """Draw quarters of an hour from left to right, the last one now."""
    if not quarters:
        return quiet_ruler()
    ruler = quiet_ruler(len(quarters), quarters[0].at.minute // 15)
    top = max([_TOP_FROM, *map(_trouble, quarters)])
    down, degraded = [], []
    for index, tick in enumerate(quarters):
        x = index * _STEP + _STEP / 2
        red = _height(tick.down, top)
        if red:
            down.append(ticks([x], _BASE, red))
        if tick.degraded:
            base = red + _GAP if red else 0
            amber = max(_height(tick.down + tick.degraded, top) - base, _MINOR)
            degraded.append(ticks([x], _BASE - base, amber))
    loud = (("degraded", "".join(degraded)), ("down", "".join(down)))
    since, until = quarters[0].at, quarters[-1].at + _QUARTER
    return Tape(
        ruler.width,
        ruler.paths + tuple(path for path in loud if path[1]),
        tuple(marks(since, until)),
        _told(quarters),
        tuple(events),
    )


@cache
def quiet_ruler(quarters: int = _A_DAY, after_hour: int = 0) -> Tape:
    """Draw the ruler alone; it begins so many quarters after a full hour."""
    width = quarters * _STEP
    at = {index * _STEP: (index + after_hour) % _AN_HOUR == 0 for index in range(quarters + 1)}
    paths = (
        ("minor", ticks((x for x, full in at.items() if not full), _BASE, _MINOR)),
        ("hour", ticks((x for x, full in at.items() if full), _BASE, _HOUR)),
        ("base", f"M0 {_BASE}H{width}"),
    )
    return Tape(width, paths)


def _height(monitors: int, top: int) -> float:
    if not monitors:
        return 0
    return _LOW + (_HIGH - _LOW) * math.log(monitors) / math.log(top)


def _told(quarters: Sequence[Tick]) -> str:
    hours = round(len(quarters) * _QUARTER / timedelta(hours=1))
    text = f"Monitors in trouble over the last {hours} hours, every quarter of an hour."
    worst, last = max(quarters, key=_trouble), quarters[-1]
    if not _trouble(worst):
        return f"{text} None."
    return f"{text} At most {_trouble(worst):,}, at {formats.hour(worst.at)}. Now {_trouble(last):,}."


def _trouble(tick: Tick) -> int:
    return tick.down + tick.degraded
