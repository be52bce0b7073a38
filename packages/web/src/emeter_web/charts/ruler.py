"""The scale that lengths stand on, from microseconds to days: where it ends, and its words."""

import math
from datetime import timedelta

from emeter_web import formats
from emeter_web.charts.paths import round_up

_SECOND_US = 1_000_000
# From here on (two minutes) a scale has lengths for words, and a quarter of it is one of these, in seconds.
_LENGTHS_FROM_US = 120 * _SECOND_US
_HOUR_S, _DAY_S = 3600, 86_400
_QUARTERS_S = (
    *(30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 2700),
    *(hours * _HOUR_S for hours in (1, 1.5, 2, 3, 4, 6, 9, 12, 18)),
)


def end_of(us: float) -> float:
    """Answer where a scale ends that reaches `us`: a round figure, quarters of it can be read."""
    end = round_up(us)
    if end < _LENGTHS_FROM_US:
        return end
    quarter_s = us / 4 / _SECOND_US
    whole_days = math.ceil(quarter_s / _DAY_S) * _DAY_S
    return next((each for each in _QUARTERS_S if each >= quarter_s), whole_days) * 4 * _SECOND_US


def words(end: float, parts: int) -> tuple[str, ...]:
    """Answer the words of a scale cut into `parts`, from zero on; the unit stands once where it is one."""
    steps = [end * part / parts for part in range(parts + 1)]
    if end >= _LENGTHS_FROM_US:
        return ("0", *(formats.length(timedelta(microseconds=us)) for us in steps[1:]))
    return (*map(formats.plain_ms, steps[:-1]), f"{formats.plain_ms(end)} ms")
