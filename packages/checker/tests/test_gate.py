"""The gate: each claim at its time, if it is still wanted, and not later than its lease allows."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import select

from emeter_checker.engine import Scheduled
from emeter_checker.gate import Gate
from emeter_core import checks
from emeter_core.checks import Claim, Taken
from emeter_core.database import Database
from emeter_core.monitors import draft_monitor, pause_monitor, update_monitor


@pytest.fixture
def passed() -> list[Scheduled]:
    return []


@pytest.fixture
def gate(database, vault, passed) -> Iterator[Gate]:
    gate = Gate(database.sessions, database.clock, vault, passed.extend, lambda: 1000)
    yield gate
    gate.stop(5)


@pytest.fixture
def take(database) -> Callable[[], list[Taken]]:
    def take() -> list[Taken]:
        now = database.clock.now()
        with database.sessions.begin() as session:
            window = {"after": now.replace(year=2000), "until": now, "limit": 100, "now": now}
            hint = checks.claim_due(session, location_id=1, **window)
            return checks.take(session, hint, process_id=uuid.uuid4(), now=now)

    return take


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def claims(database: Database) -> list[Claim]:
    with database.sessions() as session:
        return list(session.scalars(select(Claim)))


def test_what_is_due_passes_with_its_spec_and_instant(database, gate, passed, take, add_monitor) -> None:
    monitor = add_monitor(target="http://127.0.0.1:9/there")
    [claim] = take()
    gate.start()
    gate.add([claim])
    wait_for(lambda: bool(passed))
    [scheduled] = passed
    assert scheduled.spec.target == monitor.target
    assert scheduled.ticket == claim
    assert abs(scheduled.start_at - database.clock.monotonic_of_us(claim.slot_us)) < 0.001


def test_what_is_not_due_waits_and_is_returned_at_the_end(gate, passed, take, add_monitor) -> None:
    add_monitor()
    [claim] = take()
    later = claim._replace(slot_us=claim.slot_us + 60_000_000, start_by_us=claim.start_by_us + 60_000_000)
    gate.start()
    gate.add([later])
    time.sleep(0.6)
    assert passed == []
    assert gate.stop(5) == [later]


def test_a_paused_monitor_does_not_pass(database, gate, passed, take, add_monitor, team) -> None:
    monitor, other = add_monitor(), add_monitor()
    taken = take()
    with database.sessions.begin() as session:
        pause_monitor(session, team, monitor, now=database.clock.now())
    gate.start()
    gate.add(taken)
    wait_for(lambda: bool(passed))
    assert [scheduled.spec.monitor_id for scheduled in passed] == [other.id]


def test_a_claim_of_an_old_version_is_dropped_with_its_row(
    database, gate, passed, take, add_monitor, team, vault
) -> None:
    monitor, other = add_monitor(), add_monitor()
    taken = take()
    with database.sessions.begin() as session:
        draft = draft_monitor(target="http://127.0.0.1:9/new", interval=60)
        update_monitor(session, team, monitor, draft, vault=vault, now=database.clock.now())
    gate.start()
    gate.add(taken)
    wait_for(lambda: bool(passed))
    assert [scheduled.spec.monitor_id for scheduled in passed] == [other.id]
    assert [claim.probe_id for claim in claims(database)] == [passed[0].ticket.probe_id]


def test_what_is_found_too_late_for_its_lease_does_not_pass(gate, passed, take, add_monitor) -> None:
    add_monitor()
    add_monitor()
    late, timely = take()
    gate.start()
    gate.add([late._replace(start_by_us=late.slot_us - 1), timely])
    wait_for(lambda: bool(passed))
    assert [scheduled.ticket for scheduled in passed] == [timely]
    assert gate.too_late == 1


def test_what_the_engine_has_no_room_for_waits(database, vault, passed, take, add_monitor) -> None:
    for _ in range(5):
        add_monitor()
    room = [2]

    def submit(scheduled: Sequence[Scheduled]) -> None:
        room[0] -= len(scheduled)
        passed.extend(scheduled)

    gate = Gate(database.sessions, database.clock, vault, submit, lambda: room[0])
    gate.add(take())
    gate.start()
    wait_for(lambda: len(passed) == 2)
    time.sleep(0.6)
    assert (len(passed), gate.waiting) == (2, 3)
    room[0] = 9
    wait_for(lambda: len(passed) == 5)
    assert gate.stop(5) == []


def test_claims_pass_after_an_outage_of_the_database(
    database, vault, passed, take, add_monitor, caplog
) -> None:
    add_monitor()
    taken = take()
    away = Database.at("postgresql+psycopg2://nobody@127.0.0.1:1/nothing", name="tests")
    here = [False]

    class Sessions:
        """The sessions of a database that comes back."""

        def begin(self) -> object:
            return (database if here[0] else away).sessions.begin()

    gate = Gate(Sessions(), database.clock, vault, passed.extend, lambda: 1000)  # type: ignore[arg-type]
    gate.start()
    gate.add(taken)
    wait_for(lambda: "cannot read what to check" in caplog.text)
    assert passed == []
    here[0] = True
    wait_for(lambda: bool(passed))
    gate.stop(5)
