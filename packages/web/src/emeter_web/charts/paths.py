"""Small parts of SVG paths, and scales that end on a round figure."""

import math
from collections.abc import Iterable, Sequence

# Quarters of these are figures that one can read.
_ROUND = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10)


def number(value: float) -> str:
    """Write a coordinate as short as a tenth of a pixel allows."""
    text = f"{value:.1f}".removesuffix(".0")
    return text if text != "-0" else "0"


def ticks(at: Iterable[float], base: float, height: float) -> str:
    """Draw upright strokes of one height on a base line, each said by its distance from the one before."""
    up, back = f"v-{number(height)}", number(height)
    path, before = [], None
    for x in at:
        begin = f"M{number(x)} {number(base)}" if before is None else f"m{number(x - before)} {back}"
        path.append(begin + up)
        before = x
    return "".join(path)


def line(points: Sequence[tuple[float, float]]) -> str:
    """Draw a line from point to point; a single one becomes a dot."""
    path = "M" + " ".join(f"{number(x)} {number(y)}" for x, y in points)
    return path if len(points) > 1 else path + "h0"


def runs(values: Sequence[float | None]) -> list[range]:
    """Find the stretches without a gap."""
    found: list[range] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        if found and found[-1].stop == index:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))
    return found


def round_up(value: float) -> float:
    """Answer the next round figure from `value` on, so that a scale ends on it; 1 for nothing."""
    if value <= 0:
        return 1
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (*_ROUND, 12) if step * decade >= value * (1 - 1e-9))
