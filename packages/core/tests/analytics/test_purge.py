"""Purging: what is old goes level by level, whole partitions at a time, never before it is rolled up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_core.accounts import Registration, User, register_user, scope_of
from emeter_core.analytics import Scale, Timespan, purge, results, roll_up
from emeter_core.monitors import Monitor
from emeter_core.retention import USUAL, Retention
from emeter_core.rollups import RollupProgress
from emeter_core.scope import Scope
from emeter_core.testing.filling import fill
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory
from emeter_storage.partitions import list_partitions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHORT = Retention(raw=2, quarter=20, hour=40, day=60)


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    """A database of this test, in which a monitor was checked for four days."""
    engine = make_engine(database_url)
    sessions = make_session_factory(engine)
    with sessions.begin() as session:
        user = register_user(session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=NOW)
        fill(session, scope_of(session, user), now=NOW, monitors=12, interval=3600, hours=96, days=4, flaps=2)
        session.execute(
            text(
                "INSERT INTO gaps (probe_id, first_slot, last_slot, count, reason)"
                " SELECT id, at, at, 1, 'missed' FROM probes, unnest(CAST(:ats AS timestamptz[])) AS at"
            ),
            {"ats": [NOW - 3 * DAY, NOW - DAY]},
        )
    yield sessions
    engine.dispose()


def rolled_up(sessions: SessionFactory, now: datetime) -> None:
    more = True
    while more:
        with sessions.begin() as session:
            more = roll_up(session, now=now)


def count(sessions: SessionFactory, table: str) -> int:
    with sessions.begin() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_nothing_is_purged_before_it_is_rolled_up(sessions) -> None:
    before = count(sessions, "results")
    assert purge(sessions, SHORT, now=NOW + 9 * DAY) == []
    assert (count(sessions, "results"), count(sessions, "gaps")) == (before, 24)


def test_old_results_go_with_their_day_and_gaps_with_them(sessions) -> None:
    rolled_up(sessions, NOW)
    dropped = purge(sessions, SHORT, now=NOW)
    assert {"results_20261119", "results_20261120"} <= set(dropped)
    assert "results_20261121" not in dropped
    with sessions.begin() as session:
        assert list_partitions(session.connection(), "results")[0] == (NOW - 2 * DAY).date()
    assert count(sessions, "gaps") == 12
    assert count(sessions, "status_changes") > 0
    assert purge(sessions, SHORT, now=NOW) == []


def test_what_was_purged_is_still_told(sessions) -> None:
    rolled_up(sessions, NOW)
    with sessions.begin() as session:
        monitor = session.query(Monitor).order_by(Monitor.id.desc()).first()
        scope = _scope(session)
        asked = (Timespan(NOW - 4 * DAY, NOW), Scale.DAY)
        before = results(session, scope, monitor, *asked, now=NOW)
    purge(sessions, SHORT, now=NOW)
    with sessions.begin() as session:
        after = results(session, _scope(session), monitor, *asked, now=NOW)
    assert after == before
    assert after.whole is not None
    assert after.whole.checks > 50


def test_months_go_when_all_of_them_is_old(sessions) -> None:
    rolled_up(sessions, NOW)
    later = datetime(2026, 12, 20, 23, tzinfo=UTC)
    rolled_up(sessions, later)
    assert [name for name in purge(sessions, SHORT, now=later) if "quarter" in name] == []
    dropped = purge(sessions, SHORT, now=datetime(2026, 12, 21, tzinfo=UTC))
    assert [name for name in dropped if "rollups" in name] == ["rollups_quarter_202611"]
    assert count(sessions, "rollups_hour") > 0


def test_days_go_row_by_row_and_only_where_that_is_asked_for(sessions) -> None:
    rolled_up(sessions, NOW)
    days = count(sessions, "rollups_day")
    purge(sessions, USUAL, now=NOW + 9999 * DAY)
    assert count(sessions, "rollups_day") == days
    purge(sessions, SHORT, now=NOW + 59 * DAY)
    assert 0 < count(sessions, "rollups_day") < days


def test_what_is_kept_for_ever_is_not_purged(sessions) -> None:
    rolled_up(sessions, NOW)
    assert purge(sessions, Retention(0, 0, 0, 0), now=NOW + 9999 * DAY) == []


def test_what_is_purged_does_not_come_back(sessions) -> None:
    rolled_up(sessions, NOW)
    purge(sessions, SHORT, now=NOW)
    # As when the operator keeps more from now on: what is gone is gone.
    purge(sessions, USUAL, now=NOW)
    with sessions.begin() as session:
        kept = session.execute(
            text("SELECT kept_since FROM rollups_progress WHERE level = 'raw'")
        ).scalar_one()
    assert kept == (NOW - 2 * DAY).replace(hour=0)


def _scope(session: Session) -> Scope:
    return scope_of(session, session.query(User).one())


def test_what_was_called_old_by_a_clock_that_was_ahead_is_kept_from_now_on(sessions) -> None:
    ahead = NOW + 30 * DAY
    rolled_up(sessions, ahead)
    purge(sessions, SHORT, now=ahead)
    rolled_up(sessions, NOW)
    with sessions.begin() as session:
        kept = session.scalars(select(RollupProgress.kept_since)).all()
    assert all(since is None or since <= NOW for since in kept)
