"""Sources: the coarsest level that is made and kept tells; together they cover all, once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.analytics.sources import Reach, Stretch, kept_edges, stretches
from emeter_core.rollups import DAY, HOUR, LEVELS, QUARTER, RAW

NOW = datetime(2026, 11, 23, 12, 7, 31, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A_DAY = timedelta(days=1)
MADE = {
    RAW: Reach(None, None),
    "quarter": Reach(datetime(2026, 11, 23, 12, tzinfo=UTC), None),
    "hour": Reach(datetime(2026, 11, 23, 12, tzinfo=UTC), None),
    "day": Reach(datetime(2026, 11, 23, tzinfo=UTC), None),
}
NOTHING = {name: Reach(None, None) for name in MADE}


def told_by(edges: list[datetime], reaches: dict[str, Reach] = MADE) -> list[str]:
    return [part.level.name if part.level else RAW for part in stretches(edges, reaches)]


def test_whole_days_are_told_by_days_and_what_is_left_by_ever_finer_levels() -> None:
    since = datetime(2026, 11, 20, 22, 43, 30, tzinfo=UTC)
    assert told_by([since, NOW]) == [RAW, "quarter", "hour", "day", "hour", RAW]


def test_days_of_a_zone_with_half_hours_are_told_by_hours_and_quarters() -> None:
    midnights = [datetime(2026, 11, 20, 18, 30, tzinfo=UTC) + n * A_DAY for n in range(3)]
    assert told_by(midnights) == ["quarter", "hour", "quarter"] * 2


def test_what_is_not_made_yet_is_told_by_single_results() -> None:
    assert told_by([NOW - A_DAY, NOW], NOTHING) == [RAW]
    later = NOW + 40 * MINUTE
    assert list(stretches([NOW - 30 * MINUTE, later], MADE))[-1] == Stretch(
        0, None, datetime(2026, 11, 23, 12, tzinfo=UTC), later
    )


def test_a_level_is_not_asked_for_what_it_has_lost() -> None:
    lost = MADE | {"hour": Reach(MADE["hour"].done_until, datetime(2026, 11, 23, 10, tzinfo=UTC))}
    since = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert [(part.level, part.since) for part in stretches([since, NOW], lost)][:2] == [
        (QUARTER, since),
        (HOUR, datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ]


moments = st.integers(0, 53 * 86_400_000_000).map(lambda us: NOW - us * timedelta(microseconds=1))
reaches = st.builds(
    lambda made, kept: {
        RAW: Reach(None, DAY.floor(kept[0])),
        **{
            level.name: Reach(level.floor(at) if at else None, DAY.floor(since) if level is not DAY else None)
            for level, at, since in zip(LEVELS, made, kept[1:], strict=True)
        },
    },
    # A level is never ahead of the one below, nor does it lose more than that has lost.
    st.lists(moments, min_size=3, max_size=3).map(lambda each: sorted(each, reverse=True)),
    st.lists(moments, min_size=4, max_size=4).map(lambda each: sorted(each, reverse=True)),
)


@given(st.lists(moments, min_size=2, max_size=9, unique=True).map(sorted), reaches)
def test_stretches_follow_each_other_without_a_hole(edges: list[datetime], there: dict[str, Reach]) -> None:
    parts = list(stretches(edges, there))
    assert parts[0].since == edges[0]
    assert parts[-1].until == edges[-1]
    for before, after in pairwise(parts):
        assert before.until == after.since
        assert before.bucket <= after.bucket
    for part in parts:
        assert edges[part.bucket] <= part.since < part.until <= edges[part.bucket + 1]
        if part.level:
            assert part.level.floor(part.since) == part.since
            assert part.level.floor(part.until) == part.until
            done_until, kept_since = there[part.level.name]
            assert done_until is not None
            assert part.until <= done_until
            assert kept_since is None or kept_since <= part.since


@given(st.lists(moments, min_size=2, max_size=9, unique=True).map(sorted), reaches)
def test_edges_lie_where_a_level_that_is_kept_has_one(edges: list[datetime], there: dict[str, Reach]) -> None:
    kept = kept_edges(edges, there)
    assert kept[0] <= edges[0]
    assert kept[-1] >= edges[-1]
    for edge in kept:
        levels = [level for level in LEVELS if level.floor(edge) == edge]
        assert _kept(edge, there[RAW]) or any(_kept(edge, there[level.name]) for level in levels)


def _kept(moment: datetime, reach: Reach) -> bool:
    return reach.kept_since is None or reach.kept_since <= moment


def test_edges_of_what_is_kept_stay() -> None:
    edges = [NOW - A_DAY, NOW - MINUTE, NOW]
    assert kept_edges(edges, MADE) == edges
    assert kept_edges([], MADE) == []


def test_old_edges_go_back_to_those_that_are_kept_and_the_last_one_on() -> None:
    since = datetime(2026, 11, 20, 22, 43, 30, tzinfo=UTC)
    lost = MADE | {RAW: Reach(None, NOW), "quarter": Reach(NOW, NOW - A_DAY)}
    assert kept_edges([since, since + MINUTE, NOW - 2 * A_DAY], lost) == [
        datetime(2026, 11, 20, 22, tzinfo=UTC),
        datetime(2026, 11, 21, 13, tzinfo=UTC),
    ]
