"""A run of hours, as a backup has them, is told in full wherever times are."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.analytics import (
    Scale,
    Timespan,
    get_check,
    last_checks,
    latency,
    live_states,
    recent_latencies,
    results,
    roll_up,
)
from emeter_core.checks import to_us
from emeter_core.heartbeats import PingKind
from emeter_core.monitors import Monitor, get_monitor_row, list_monitors
from emeter_core.rollups.histogram import ERROR

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG = 2 * HOUR + 3 * MINUTE
LONG_US = to_us(datetime.fromisoformat("1970-01-01T00:00:00+00:00") + LONG)


@pytest.fixture
def backup(add_heartbeat, ping, noon) -> Monitor:
    """It ran for a minute, and from then on for 2 h 3 min until noon."""
    monitor: Monitor = add_heartbeat(period=86_400, now=noon - DAY)
    for since, until in ((noon - LONG - MINUTE, noon - LONG), (noon - LONG, noon)):
        ping(since, PingKind.START)
        ping(until)
    return monitor


def figures(session: Session, alice, monitor: Monitor, now: datetime) -> tuple[object, ...]:
    whole = results(session, alice, monitor, Timespan(now - DAY, now), Scale.DAY, now=now).whole
    assert whole is not None
    return (whole.is_exact, whole.least, whole.most, whole.mean, whole.p50, whole.p95)


def test_single_results_tell_it(session, alice, backup, noon) -> None:
    now = noon + MINUTE
    newest, oldest = last_checks(session, alice, backup, now=now)
    assert (newest.total_us, newest.phases.transfer, oldest.total_us) == (LONG_US, LONG_US, 60_000_000)
    assert get_check(session, alice, backup, newest.slot_us).total_us == LONG_US
    assert recent_latencies(session, alice, [backup.id], now=now)[backup.id] == [60_000_000, LONG_US]
    mean = (LONG_US + 60_000_000) // 2
    assert figures(session, alice, backup, now) == (True, 60_000_000, LONG_US, mean, 60_000_000, LONG_US)


def test_rollups_of_every_level_tell_it(session, alice, backup, noon) -> None:
    now = noon + 2 * DAY
    while roll_up(session, now=now):
        pass
    session.execute(text("DELETE FROM results"))
    for gone in ("rollups_quarter", "rollups_hour"):
        exact, least, most, mean, p50, p95 = figures(session, alice, backup, noon + DAY)
        assert (exact, least, most) == (False, 60_000_000, LONG_US)
        assert mean == (LONG_US + 60_000_000) // 2
        assert p50 == pytest.approx(60_000_000, rel=ERROR)
        assert p95 == pytest.approx(LONG_US, rel=ERROR)
        session.execute(text(f"DELETE FROM {gone}"))
    found = session.execute(text("SELECT min_us > 0, max_us < 0, total_us FROM rollups_day WHERE ok > 0"))
    assert found.one() == (True, True, LONG_US + 60_000_000)


def test_the_chart_and_its_percentiles_tell_it(session, alice, backup, noon) -> None:
    found = latency(session, alice, backup, since=noon - HOUR, now=noon + MINUTE)
    assert max(each for each in found.transfer if each is not None) == LONG_US
    assert (found.percentiles.p50, found.percentiles.p99) == (LONG_US, LONG_US)


def test_the_monitor_and_open_pages_tell_it(session, alice, backup, noon) -> None:
    assert get_monitor_row(session, alice, backup.public_id).last_total_us == LONG_US
    state = live_states(session, [alice.team.id], since=noon)[alice.team.id]
    assert [row.total_us for row in state.rows] == [LONG_US]


def test_it_is_the_slowest_of_the_list(
    session, alice, backup, add_monitor, add_heartbeat, ping, noon
) -> None:
    add_monitor(name="Not checked yet")
    add_heartbeat(token="another-token", now=noon - HOUR)
    ping(noon - HOUR, PingKind.START, token="another-token")
    ping(noon, token="another-token")
    rows = list_monitors(session, alice, sort="latency").rows
    assert [row.last_total_us for row in rows] == [LONG_US, 3_600_000_000, None]


def test_a_run_that_fails_first_tells_it_too(session, alice, add_heartbeat, ping, noon) -> None:
    monitor = add_heartbeat(period=86_400, now=noon - DAY)
    ping(noon - LONG, PingKind.START)
    ping(noon, PingKind.FAIL)
    [check] = last_checks(session, alice, monitor, now=noon + MINUTE)
    assert (check.total_us, get_monitor_row(session, alice, monitor.public_id).last_total_us) == (
        LONG_US,
        LONG_US,
    )
