import math
import re

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.charts import spark

VALUES = st.lists(st.none() | st.integers(0, 600_000_000), max_size=60)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def test_steady_is_flat_at_half_height() -> None:
    drawn = spark.draw([180_000] * 24)

    assert {y for _, y in points(drawn.path)} == {10.5}
    assert (drawn.x, drawn.y) == ("69", "10.5")


def test_a_peak_reaches_the_top_and_zero_the_base() -> None:
    heights = [y for _, y in points(spark.draw([0, 100, 100, 100, 5_000]).path)]

    assert heights[0] == 19
    assert heights[-1] == 2


def test_a_gap_is_never_bridged() -> None:
    assert spark.draw([1, 2, None, 3]).path.count("M") == 2


def test_the_dot_is_the_last_value_and_missing_where_that_is() -> None:
    assert spark.draw([1, None]).x == ""
    assert spark.draw([]) == spark.Spark()
    assert spark.draw([None, None]) == spark.Spark()


@given(VALUES)
def test_every_point_is_inside(values: list[int | None]) -> None:
    drawn = points(spark.draw(values).path)

    assert len(drawn) == len([value for value in values if value is not None])
    assert all(math.isfinite(x) and 0 <= x <= 72 and 2 <= y <= 19 for x, y in drawn)
