import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.charts import latency

NOW = datetime(2026, 11, 23, 14, 32, tzinfo=UTC)
SINCE = NOW - timedelta(hours=24)
Means = list[float | None]


@dataclass
class Series:
    at: list[datetime] = field(default_factory=list)
    dns: Means = field(default_factory=list)
    connect: Means = field(default_factory=list)
    tls: Means = field(default_factory=list)
    wait: Means = field(default_factory=list)
    transfer: Means = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


@dataclass
class Span:
    status: str
    since: datetime
    until: datetime


def series(values: Means) -> Series:
    step = (NOW - SINCE) / max(len(values), 1)
    parts: list[Means] = [[None if value is None else value / 5 for value in values] for _ in range(5)]
    failures = [int(value is None) for value in values]
    return Series([SINCE + index * step for index in range(len(values))], *parts, failures)


def draw(values: Means, **more: object) -> latency.Chart:
    return latency.draw(series(values), since=SINCE, until=NOW, **more)  # type: ignore[arg-type]


def test_phases_are_stacked_up_to_the_total() -> None:
    chart = draw([100_000.0, 100_000.0])
    tops = [min(float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", area)) for area in chart.areas]

    assert chart.y == ("0", "30", "60", "90", "120 ms")
    assert tops == [200, 160, 120, 80, 40]


def test_runs_of_hours_stand_on_a_scale_of_lengths() -> None:
    chart = draw([7_380_000_000.0])

    assert chart.y == ("0", "45 min", "1 h 30 min", "2 h 15 min", "3 h")
    assert chart.top_ms == 3 * 3_600_000


def test_a_gap_is_never_bridged() -> None:
    assert [area.count("M") for area in draw([1.0, None, 2.0]).areas] == [2] * 5


def test_without_a_check_there_is_a_scale_and_no_area() -> None:
    chart = draw([None, None])

    assert chart.areas == ()
    assert chart.y[-1] == "400 ms"
    assert chart.last is None


def test_where_nothing_answered_the_newest_failure_is_told_of() -> None:
    assert draw([None, None]).silent_at == SINCE + timedelta(hours=12)
    assert draw([None, 1.0, None]).silent_at is None
    unchecked = Series([SINCE], [None], [None], [None], [None], [None], [0])
    assert latency.draw(unchecked, since=SINCE, until=NOW).silent_at is None
    assert draw([]).areas == ()


def test_the_legend_reads_what_was_last() -> None:
    last = draw([500_000.0, 100_000.0, None]).last

    assert last is not None
    assert last.total == 100_000
    assert last.at == SINCE + timedelta(hours=8)


def test_the_limit_is_on_the_scale() -> None:
    chart = draw([10_000.0], limit_us=300_000)

    assert (chart.limit_text, chart.y[-1]) == ("limit 300 ms", "320 ms")
    assert chart.limit == "15"


def test_trouble_is_a_band_with_its_words() -> None:
    spans = [
        Span("up", SINCE, NOW - timedelta(hours=12)),
        Span("degraded", NOW - timedelta(hours=12), NOW - timedelta(hours=11)),
        Span("down", NOW - timedelta(minutes=36), NOW),
    ]
    chart = draw([10_000.0], spans=spans)

    assert [(band.status, band.x, band.width) for band in chart.bands] == [
        ("degraded", "480", "40"),
        ("down", "936", "24"),
    ]
    assert [(flag.text, flag.x, flag.flip) for flag in chart.flags] == [
        ("down 36 min", 98, True),
        ("slow 1 h", 50, False),
    ]


def test_flags_do_not_run_into_each_other() -> None:
    hours = range(0, 24, 2)
    spans = [Span("down", SINCE + timedelta(hours=hour), SINCE + timedelta(hours=hour + 1)) for hour in hours]
    places = sorted(flag.x for flag in draw([1.0], spans=spans).flags)

    assert all(right - left >= 14 for left, right in pairwise(places))
    assert len(places) > 3


def test_a_span_from_before_the_chart_begins_at_its_edge() -> None:
    chart = draw([1.0], spans=[Span("down", SINCE - timedelta(days=3), NOW)])

    assert (chart.bands[0].x, chart.bands[0].width) == ("0", "960")


@given(st.lists(st.none() | st.floats(0, 4e11), max_size=130))
def test_every_point_is_inside(values: Means) -> None:
    for area in draw(values).areas:
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", area):
            assert 0 <= float(x) <= latency.WIDTH + 0.1
            assert 0 <= float(y) <= latency.HEIGHT
