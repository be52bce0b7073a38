import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.charts import tape

START = datetime(2026, 11, 22, 14, 45, tzinfo=UTC)


@dataclass(frozen=True)
class Quarter:
    at: datetime
    down: int = 0
    degraded: int = 0


def day(**troubles: tuple[int, int]) -> list[Quarter]:
    return [
        Quarter(START + index * timedelta(minutes=15), *troubles.get(f"q{index}", (0, 0)))
        for index in range(96)
    ]


def heights(path: str) -> list[float]:
    return [float(height) for height in re.findall(r"v-([\d.]+)", path)]


def test_a_quiet_day_is_a_ruler_alone() -> None:
    drawn = tape.draw(day())

    assert [name for name, _ in drawn.paths] == ["minor", "hour", "base"]
    assert drawn.told == "Monitors in trouble over the last 24 hours, every quarter of an hour. None."


def test_long_ticks_stand_at_full_hours() -> None:
    hours = dict(tape.draw(day()).paths)["hour"]

    # The first quarter begins at 14:45, so 15:00 is one step in.
    assert hours.startswith("M10 56v-11m40 11v-11m40 11v-11")


def test_down_is_at_the_bottom_and_degraded_stands_on_top() -> None:
    paths = dict(tape.draw(day(q10=(3, 2))).paths)
    down, degraded = paths["down"], paths["degraded"]

    assert down.startswith("M105 56v-")
    base = float(re.match(r"M105 ([\d.]+)v", degraded)[1])  # type: ignore[index]
    assert base < 56 - heights(down)[0]


def test_height_grows_with_the_number_slowly() -> None:
    one, ten, thousand = (
        heights(dict(tape.draw(day(q1=(1000, 0), q2=(number, 0))).paths)["down"])[1]
        for number in (1, 10, 1000)
    )

    assert 12 < one < ten < thousand <= 46
    assert ten - one > (thousand - ten) / 3


def test_words_tell_the_worst_and_now() -> None:
    told = tape.draw(day(q20=(1, 43), q95=(3, 2))).told

    assert told.endswith("At most 44, at 19:45. Now 5.")


def test_nothing_at_all_is_a_quiet_ruler() -> None:
    assert tape.draw([]) == tape.quiet_ruler()


def test_an_event_on_the_right_reads_to_the_left() -> None:
    assert tape.Event(80, "", "", "").flip
    assert not tape.Event(20, "", "", "").flip


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)), min_size=1, max_size=96))
def test_every_tick_fits(troubles: list[tuple[int, int]]) -> None:
    quarters = [Quarter(START + index * timedelta(minutes=15), *each) for index, each in enumerate(troubles)]
    paths = dict(tape.draw(quarters).paths)

    for name in ("down", "degraded"):
        for base, height in re.findall(r" ([\d.]+)v-([\d.]+)", paths.get(name, "")):
            assert float(base) - float(height) >= 0
