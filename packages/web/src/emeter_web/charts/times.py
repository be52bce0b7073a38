"""The words of a scale of time: round hours, days or months, each at its place."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from emeter_web import formats

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# The first that gives at most nine words.
_STEPS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=30),
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    _DAY,
    2 * _DAY,
    5 * _DAY,
    10 * _DAY,
    30 * _DAY,
    60 * _DAY,
)
_MOST = 9
# Words nearer to the beginning or the end (percent) would run out of it, or into `now`: at the end where
# there is room, which the style sheet knows, and where there may be little.
_FIRST, _LAST, _LAST_OF_FEW, _LAST_ON_PHONE = 4, 95, 92, 85
Mark = tuple[int, str, str]
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def marks(since: datetime, until: datetime) -> Iterator[Mark]:
    """Say round times in between: the percent of the width, the word, and classes.

    `alt` is left out on a phone, `edge` on all that is not wide.
    """
    whole = until - since
    step = next((step for step in _STEPS if whole / step <= _MOST), _STEPS[-1] * 2)
    at = since - (since - _MONDAY) % step
    inside = [at + index * step for index in range(1, int(whole / step) + 2)]
    placed = [(round((each - since) / whole * 100), each) for each in inside]
    shown = [(x, each) for x, each in placed if _FIRST <= x <= _LAST]
    kept = max((index for index, (x, _) in enumerate(shown) if x <= _LAST_ON_PHONE), default=0)
    for index, (x, each) in enumerate(shown):
        classes = {"alt": (kept - index) % 2 == 1 or x > _LAST_ON_PHONE, "edge": x > _LAST_OF_FEW}
        word = formats.day(each) if step >= _DAY else formats.hour(each)
        yield x, word, "".join(f" {name}" for name, is_so in classes.items() if is_so)
