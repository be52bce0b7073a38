"""A run that never told its start took a time that nobody knows: it counts as a success, and as no time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.analytics import (
    Bucket,
    Percentiles,
    Scale,
    Timespan,
    latency,
    live_states,
    recent_latencies,
    results,
)
from emeter_core.analytics.bucket import Sums, joined
from emeter_core.monitors import Monitor, get_monitor_row, list_monitors
from emeter_core.outcome import NO_PHASES, Phases, Reason
from emeter_core.rollups.histogram import ERROR
from emeter_core.scope import Scope

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RUN = Phases(transfer=2_017_000)
NO_FIGURES = (None,) * 8


@pytest.fixture
def one_known(add_monitor, checked, noon) -> Monitor:
    """Ten runs within a minute, of which one told how long it took."""
    monitor: Monitor = add_monitor(now=noon - 4 * HOUR)
    for second in range(10):
        checked(monitor, noon - HOUR + timedelta(seconds=second), phases=NO_PHASES if second else RUN)
    return monitor


@pytest.fixture
def none_known(add_monitor, checked, noon) -> Monitor:
    """Fifty runs within some minutes, more than a byte of a histogram counts, none with a time."""
    monitor: Monitor = add_monitor(now=noon - 4 * HOUR)
    for second in range(0, 500, 10):
        checked(monitor, noon - HOUR + timedelta(seconds=second), phases=NO_PHASES)
    return monitor


def day(session: Session, scope: Scope, monitor: Monitor, noon: datetime) -> Bucket:
    timespan = Timespan(noon - 12 * HOUR, noon + 12 * HOUR)
    whole = results(session, scope, monitor, timespan, Scale.DAY, now=noon + DAY).whole
    assert whole is not None
    return whole


def figures(bucket: Bucket) -> tuple[object, ...]:
    phases = bucket.phases
    return (
        *(bucket.least, bucket.most, bucket.mean, phases.transfer if phases else None),
        *bucket.percentiles(0.5, 0.9, 0.95, 0.99),
    )


def test_single_results_have_the_figures_of_what_is_known(session, alice, one_known, noon) -> None:
    whole = day(session, alice, one_known, noon)
    assert (whole.checks, whole.ok, whole.failures, whole.is_exact) == (10, 10, 0, True)
    assert figures(whole) == (RUN.total,) * 8


@pytest.mark.parametrize("gone", [(), ("quarter",), ("quarter", "hour")])
def test_rollups_of_every_level_have_them_too(
    session, alice, one_known, none_known, rolled_up, noon, gone: Sequence[str]
) -> None:
    rolled_up(noon + 2 * DAY)
    for name in ("results", *(f"rollups_{level}" for level in gone)):
        session.execute(text(f"DELETE FROM {name}"))
    whole = day(session, alice, one_known, noon)
    assert (whole.checks, whole.ok, whole.is_exact) == (10, 10, False)
    # What least and most are the same of is told exactly.
    assert figures(whole) == (RUN.total,) * 8
    whole = day(session, alice, none_known, noon)
    assert (whole.checks, whole.ok, figures(whole)) == (50, 50, NO_FIGURES)


@pytest.mark.parametrize("level", ["quarter", "hour", "day"])
def test_a_rollup_holds_no_least_that_nobody_took(
    session, one_known, none_known, rolled_up, noon, level: str
) -> None:
    rolled_up(noon + 2 * DAY)
    rows = session.execute(
        text(f"SELECT ok, total_us, min_us, max_us FROM rollups_{level} WHERE ok > 0 ORDER BY ok")
    )
    assert [tuple(row) for row in rows] == [
        (10, RUN.total, RUN.total, RUN.total),
        (50, 0, None, None),
    ]


def test_a_rollup_that_was_made_with_times_of_zero_is_read_without_them(
    session, alice, one_known, none_known, rolled_up, noon
) -> None:
    """As they were made before: the least was that of all, known or not."""
    rolled_up(noon + 25 * MINUTE)
    session.execute(text("UPDATE rollups_quarter SET min_us = 0, max_us = coalesce(max_us, 0)"))
    session.execute(text("DELETE FROM results"))
    for until in (noon + 25 * MINUTE, noon + 2 * DAY):
        rolled_up(until)
        whole = day(session, alice, one_known, noon)
        assert (whole.mean, whole.most, whole.phases) == (RUN.total, RUN.total, RUN)
        assert whole.p50 == whole.p95 == pytest.approx(RUN.total, rel=ERROR)
        assert figures(day(session, alice, none_known, noon)) == NO_FIGURES


def test_one_that_was_made_so_beside_a_new_one_keeps_its_own_runs(
    session, alice, one_known, checked, rolled_up, noon
) -> None:
    rolled_up(noon + 10 * MINUTE)
    session.execute(text("UPDATE rollups_quarter SET min_us = 0 WHERE ok > 0"))
    checked(one_known, noon + 20 * MINUTE, phases=Phases(transfer=60_000_000))
    for gone in ((), ("results",), ("rollups_quarter",), ("rollups_hour",)):
        rolled_up(noon + 2 * DAY)
        for name in gone:
            session.execute(text(f"DELETE FROM {name}"))
        whole = day(session, alice, one_known, noon)
        assert (whole.ok, whole.most) == (11, 60_000_000)
        assert whole.least == pytest.approx(RUN.total, rel=ERROR)
        assert whole.p50 == pytest.approx(RUN.total, rel=ERROR)


def test_single_results_and_rollups_together_have_them(
    session, alice, one_known, checked, rolled_up, noon
) -> None:
    rolled_up(noon)
    for seconds, phases in ((0, NO_PHASES), (1, Phases(transfer=4_017_000)), (2, NO_PHASES)):
        checked(one_known, noon + timedelta(seconds=seconds), phases=phases)
    whole = day(session, alice, one_known, noon)
    assert (whole.ok, whole.least, whole.most, whole.mean) == (13, 2_017_000, 4_017_000, 3_017_000)
    assert whole.p50 == pytest.approx(2_017_000, rel=ERROR)
    assert whole.p95 == pytest.approx(4_017_000, rel=ERROR)


def test_a_chart_has_the_mean_of_what_is_known_and_gaps_for_the_rest(
    session, alice, one_known, none_known, noon
) -> None:
    found = latency(session, alice, one_known, since=noon - HOUR, now=noon)
    assert (found.checks[0], found.transfer[0], found.dns[0]) == (10, RUN.total, 0)
    assert found.percentiles == Percentiles(RUN.total, RUN.total, RUN.total, RUN.total, 1)
    found = latency(session, alice, none_known, since=noon - HOUR, now=noon)
    assert sum(found.checks) == 50
    assert {*found.dns, *found.connect, *found.tls, *found.wait, *found.transfer} == {None}
    assert found.percentiles == Percentiles(None, None, None, None, 0)


def test_a_sparkline_has_a_gap(session, alice, one_known, none_known, noon) -> None:
    found = recent_latencies(session, alice, [one_known.id, none_known.id], now=noon, limit=11)
    assert found == {one_known.id: [RUN.total, *[None] * 9], none_known.id: [None] * 11}


def test_neither_the_list_nor_what_is_live_has_a_time_of_zero(session, alice, one_known, noon) -> None:
    [row] = list_monitors(session, alice).rows
    assert (row.last_total_us, row.last_reason) == (None, Reason.OK)
    assert get_monitor_row(session, alice, one_known.public_id).last_total_us is None
    live = live_states(session, [alice.team.id], since=noon - HOUR)[alice.team.id]
    assert [row.total_us for row in live.rows] == [None]


@pytest.mark.parametrize(
    "reason", [Reason.ADDRESS_BLOCKED, Reason.SCHEME_BLOCKED, Reason.NETWORK_UNAVAILABLE]
)
def test_a_target_that_was_not_asked_took_no_time_either(
    session, alice, add_monitor, checked, noon, reason: Reason
) -> None:
    """Its name may have been looked up."""
    checked(add_monitor(), noon, reason=reason, phases=Phases(dns=1_200))
    assert [row.last_total_us for row in list_monitors(session, alice).rows] == [None]


def test_by_latency_what_is_not_known_comes_last(session, alice, add_monitor, checked, noon) -> None:
    for name, reason, phases in (
        ("a", Reason.OK, NO_PHASES),
        ("b", Reason.OK, RUN),
        ("c", Reason.ADDRESS_BLOCKED, Phases(dns=9_999_999)),
        ("d", Reason.OK, Phases(wait=3)),
    ):
        checked(add_monitor(name=name), noon, reason=reason, phases=phases)
    add_monitor(name="aa")
    rows = list_monitors(session, alice, sort="latency").rows
    assert [row.monitor.name for row in rows] == ["b", "d", "a", "aa", "c"]


@given(parts=st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(1, 10**9), max_size=9)), min_size=1))
def test_however_many_are_not_known_the_figures_are_those_without_them(
    parts: list[tuple[int, list[int]]],
) -> None:
    def whole(*, with_unknown: bool) -> Bucket:
        now = datetime.fromisoformat("2026-11-23T12:00:00+00:00")
        sums = [
            Sums(
                *(len(values) + unknown * with_unknown,) * 2,
                timed=len(values),
                total_us=sum(values),
                least=min(values, default=None),
                most=max(values, default=None),
                values=list(values),
            )
            for unknown, values in parts
        ]
        return joined([Bucket(now, now, each) for each in sums])

    assert figures(whole(with_unknown=True)) == figures(whole(with_unknown=False))
