"""Sparkline: the last latencies from zero on, the usual one at half height, so that steady is flat."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from emeter_web.charts.paths import line, number, runs

_LEFT, _RIGHT, _TOP, _BASE = 1, 69, 2, 19


@dataclass(frozen=True, slots=True)
class Spark:
    """A path, and the place of the last value; both empty where there is none."""

    path: str = ""
    x: str = ""
    y: str = ""


def draw(values: Sequence[float | None]) -> Spark:
    """Draw values from old to new; None is a gap."""
    known = [value for value in values if value is not None]
    if not known:
        return Spark()
    # What is a little above the usual stays a little above; a peak reaches the top.
    top = max([*known, 2 * median(known), 1])
    step = (_RIGHT - _LEFT) / max(len(values) - 1, 1)

    def point(index: int) -> tuple[float, float]:
        x = _LEFT + index * step if len(values) > 1 else _RIGHT
        return x, _BASE - (values[index] or 0) / top * (_BASE - _TOP)

    path = "".join(line([point(index) for index in run]) for run in runs(values))
    if values[-1] is None:
        return Spark(path)
    x, y = point(len(values) - 1)
    return Spark(path, number(x), number(y))
