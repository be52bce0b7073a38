import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_web.charts import ruler

MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


@given(st.floats(1e-3, 24.8 * DAY))
def test_it_ends_not_far_above(us: float) -> None:
    assert us * 0.999 <= ruler.end_of(us) <= us * 2


@pytest.mark.parametrize(
    ("us", "told"),
    [
        (90_000, ("0", "25", "50", "75", "100 ms")),
        (99e6, ("0", "25,000", "50,000", "75,000", "100,000 ms")),
        (101e6, ("0", "30 s", "1 min", "1 min 30 s", "2 min")),
        (7 * MINUTE, ("0", "2 min", "4 min", "6 min", "8 min")),
        (3.1 * HOUR, ("0", "1 h", "2 h", "3 h", "4 h")),
        (20 * HOUR, ("0", "6 h", "12 h", "18 h", "1 d")),
        (24.8 * DAY, ("0", "7 d", "14 d", "21 d", "28 d")),
    ],
)
def test_its_words_are_milliseconds_and_from_two_minutes_on_lengths(us: float, told: tuple[str, ...]) -> None:
    assert ruler.words(ruler.end_of(us), 4) == told
    assert ruler.words(ruler.end_of(us), 2) == (told[0], told[2], told[4])


@given(st.floats(100e6 + 1, 24.8 * DAY))
def test_no_word_of_a_length_is_cut(us: float) -> None:
    sizes = {"s": 1_000_000, "min": MINUTE, "h": HOUR, "d": DAY}
    end = ruler.end_of(us)
    for step, word in enumerate(ruler.words(end, 4)[1:], 1):
        parts = word.split()
        told = sum(int(number) * sizes[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))
        assert told == end * step / 4
