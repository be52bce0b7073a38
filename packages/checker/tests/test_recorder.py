"""The recorder: what it does while the database is away, and with a result that cannot be stored."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from emeter_checker import engine
from emeter_checker import recorder as recorder_module
from emeter_checker.recorder import Recorder
from emeter_core import checks
from emeter_core.database import Database
from emeter_core.outcome import Outcome, Reason


def take_all(database: Database) -> list[checks.Taken]:
    now = database.clock.now()
    with database.sessions.begin() as session:
        window = {"after": now.replace(year=2000), "until": now, "limit": 1000, "now": now}
        hint = checks.claim_due(session, location_id=1, **window)
        return checks.take(session, hint, process_id=uuid.uuid4(), now=now)


def finished(claim: checks.Taken, **outcome: object) -> engine.Finished:
    now = time.monotonic()
    return engine.Finished(claim, Outcome(Reason.OK, **outcome), now - 0.001, now)  # type: ignore[arg-type]


def stored(database: Database) -> int:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM results").scalar_one()


@pytest.fixture
def refuse_results(database: Database) -> Callable[[str | None], None]:
    """Have PostgreSQL itself refuse results with an error of this code, or take them again."""

    def refuse(code: str | None) -> None:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS refuse ON results")
            if code is None:
                return
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END $$"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER refuse BEFORE INSERT ON results FOR EACH ROW EXECUTE FUNCTION refuse()"
            )

    return refuse


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_finished_is_recorded_and_counted(database, add_monitor) -> None:
    for _ in range(3):
        add_monitor()
    recorder = Recorder(database.sessions, database.clock)
    for claim in take_all(database):
        recorder.put(finished(claim))
    recorder.start()
    recorder.stop(within=10)
    assert (recorder.recorded, recorder.discarded, recorder.dropped, recorder.waiting) == (3, 0, 0, 0)
    assert sum(recorder.tally.lateness.counts.values()) == 3
    assert stored(database) == 3


def test_results_wait_while_the_database_is_away(database, add_monitor, allow_connections) -> None:
    add_monitor()
    [claim] = take_all(database)
    recorder = Recorder(database.sessions, database.clock)
    allow_connections(to=False)
    recorder.start()
    recorder.put(finished(claim))
    time.sleep(0.5)
    assert (recorder.recorded, recorder.waiting) == (0, 1)
    assert 0.5 <= recorder.behind < 60
    allow_connections(to=True)
    wait_for(lambda: recorder.recorded == 1)
    recorder.stop(within=10)
    assert recorder.behind == 0
    assert stored(database) == 1


@pytest.mark.parametrize("code", ["53100", "53300", "25006", "40P01"])
def test_what_passes_costs_no_result(database, add_monitor, refuse_results, code: str) -> None:
    """No room on the disk, no connection left, a standby, a deadlock: for psycopg2 not all of one kind."""
    add_monitor()
    [claim] = take_all(database)
    recorder = Recorder(database.sessions, database.clock)
    refuse_results(code)
    recorder.put(finished(claim))
    recorder.start()
    time.sleep(0.5)
    assert (recorder.recorded, recorder.waiting, recorder.dropped) == (0, 1, 0)
    refuse_results(None)
    wait_for(lambda: recorder.recorded == 1)
    recorder.stop(within=10)


def test_what_no_connection_is_free_for_waits(database, add_monitor) -> None:
    add_monitor()
    [claim] = take_all(database)
    url = database.engine.url.render_as_string(hide_password=False)
    narrow = Database.at(url, name="tests", pool_size=1, patience=0.2)
    recorder = Recorder(narrow.sessions, database.clock)
    with narrow.engine.connect():
        recorder.put(finished(claim))
        recorder.start()
        time.sleep(1)
        assert (recorder.recorded, recorder.waiting, recorder.dropped) == (0, 1, 0)
    wait_for(lambda: recorder.recorded == 1)
    recorder.stop(within=10)
    narrow.engine.dispose()


def test_beyond_the_bound_results_are_dropped_and_counted(
    database, add_monitor, allow_connections, monkeypatch
) -> None:
    for _ in range(5):
        add_monitor()
    monkeypatch.setattr(recorder_module, "_MOST_WAITING", 3)
    claims = take_all(database)
    recorder = Recorder(database.sessions, database.clock)
    allow_connections(to=False)
    recorder.start()
    for claim in claims:
        recorder.put(finished(claim))
    assert (recorder.waiting, recorder.dropped) == (3, 2)
    allow_connections(to=True)
    wait_for(lambda: recorder.recorded == 3)
    recorder.stop(within=10)
    assert (stored(database), recorder.dropped) == (3, 2)
    # What was dropped is still claimed: once its lease is over nobody can do it in time, and it is a gap.
    later = database.clock.now() + timedelta(days=1)
    with database.sessions.begin() as session:
        assert checks.recover(session, location_id=1, now=later) == (0, 2)


def test_a_result_that_cannot_be_stored_takes_no_other_with_it(database, add_monitor, caplog) -> None:
    for _ in range(3):
        add_monitor()
    recorder = Recorder(database.sessions, database.clock)
    bad, *good = take_all(database)
    recorder.put(finished(bad, evidence={"body": {1, 2}}))
    for claim in good:
        recorder.put(finished(claim))
    recorder.start()
    recorder.stop(within=10)
    assert (recorder.recorded, recorder.dropped) == (2, 1)
    assert "could not be recorded" in caplog.text
    assert stored(database) == 2
