import re

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors import Status
from emeter_web.charts import bars

STATUSES = st.lists(st.none() | st.sampled_from([status.value for status in Status]), max_size=100)


def test_every_status_has_a_height_and_down_is_the_tallest() -> None:
    assert set(bars.HEIGHTS) == {status.value for status in Status}
    assert max(bars.HEIGHTS, key=bars.HEIGHTS.__getitem__) == "down"


def test_quiet_is_low_and_trouble_is_tall() -> None:
    drawn = bars.draw(["up", "down", None, "up"])

    assert drawn.width == 16
    assert dict(drawn.paths) == {"up": "M1.5 20v-7m12 7v-7", "down": "M5.5 20v-20"}
    assert drawn.slots == "ud u"


@given(STATUSES)
def test_each_slot_is_one_stroke_of_the_path_of_its_status(statuses: list[str | None]) -> None:
    drawn = bars.draw(statuses)
    strokes = {status: path.count("v") for status, path in drawn.paths}

    assert strokes == {status: statuses.count(status) for status in set(statuses) - {None}}
    assert len(drawn.slots) == len(statuses)


def test_a_row_of_a_day_is_short() -> None:
    assert sum(len(path) for _, path in bars.draw(["up"] * 48).paths) < 400


def test_words_tell_the_worst_first() -> None:
    assert bars.tell(["up", "up", "no_data", "down"]) == "down 1, no data 1, up 2"
    assert bars.tell([None]) == "nothing yet"


def test_strokes_stand_on_the_base_line() -> None:
    path = dict(bars.draw(["degraded"] * 3).paths)["degraded"]

    assert re.fullmatch(r"M1.5 20v-13(m4 13v-13){2}", path)
