"""Scheduler and worker together on real servers: from a due slot to its result."""

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.scheduler import Scheduler
from emeter_checker.worker import Worker
from emeter_core import trials
from emeter_core.checks import Claim, Result
from emeter_core.monitors import draft_monitor, list_monitors, update_monitor
from emeter_core.outcome import Reason
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.trials import Trial

PATIENCE_S = 20.0


class Target:
    """A web server that answers after `hold` is set, and counts what it is asked."""

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.hold.set()
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            self.asked.append(connection.recv(65536))
            self.hold.wait(PATIENCE_S)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def close(self) -> None:
        self.hold.set()
        self._listener.close()


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()


@pytest.fixture
def run(database, redis, vault) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Run scheduler and worker until a condition holds, then stop both in order, as signals do."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def until(condition: Callable[[], bool], at_stop: Callable[[], None] = lambda: None) -> None:
        stop = StopSignal.install()
        scheduler = Scheduler(database.sessions, database.clock, redis)
        scheduling = threading.Thread(target=scheduler.run, args=(stop.wait,))
        worker = Worker(database.sessions, database.clock, redis, vault, AddressGuard(LOCAL_NETWORKS))
        held: list[bool] = []

        def watch() -> None:
            deadline = time.monotonic() + PATIENCE_S
            while not (holds := condition()) and time.monotonic() < deadline:
                time.sleep(0.05)
            held.append(holds)
            os.kill(os.getpid(), signal.SIGTERM)
            at_stop()

        watching = threading.Thread(target=watch)
        scheduling.start()
        watching.start()
        worker.run(stop)
        scheduling.join()
        watching.join()
        assert held == [True]

    yield until
    for number, handler in handlers.items():
        signal.signal(number, handler)


def results(database) -> list[Result]:
    with database.sessions() as session:
        return list(session.scalars(select(Result).order_by(Result.probe_id, Result.slot)))


def test_a_due_monitor_is_checked_and_its_status_true(database, run, target, add_monitor, team) -> None:
    add_monitor(target=target.url)
    add_monitor(target="http://127.0.0.1:9/")
    run(lambda: len(results(database)) >= 2)
    good, bad = results(database)[0], results(database)[-1]
    assert (good.reason, good.code) == (Reason.OK, 200)
    assert bad.reason == Reason.CONNECTION_REFUSED
    with database.sessions() as session:
        rows = list_monitors(session, team).rows
    assert {row.monitor.target: row.monitor.status.value for row in rows}[target.url] == "up"


def test_every_kind_is_checked_and_recorded(database, run, target, add_monitor) -> None:
    where = target.url.removeprefix("http://").rstrip("/")
    add_monitor(target=target.url)
    add_monitor(kind="tcp", target=where, settings={"send": "GET / HTTP/1.1", "expect": "200 OK"})
    add_monitor(kind="ping", target="127.0.0.1", settings={"packets": 1})
    run(lambda: len({each.probe_id for each in results(database)}) == 3)
    reasons = {each.probe_id: Reason(each.reason) for each in results(database)}
    *others, pinged = [reasons[number] for number in sorted(reasons)]
    assert others == [Reason.OK, Reason.OK]
    # The machine may forbid pings, and then says so.
    assert pinged in {Reason.OK, Reason.PING_FORBIDDEN}


def test_what_is_in_flight_at_the_end_is_finished_and_recorded(database, run, target, add_monitor) -> None:
    target.hold.clear()
    add_monitor(target=target.url, timeout=5)
    run(lambda: len(target.asked) == 1, at_stop=target.hold.set)
    [result] = results(database)
    assert result.reason == Reason.OK


def test_what_was_not_started_is_given_back(database, run, target, add_monitor) -> None:
    add_monitor(target=target.url)

    def claimed_ahead() -> bool:
        with database.sessions() as session:
            taken = session.scalars(select(Claim).where(Claim.taken_by.is_not(None))).all()
        # A second before its slot the gate still holds it.
        soon = database.clock.now() + timedelta(seconds=1)
        return bool(results(database)) and [claim.slot > soon for claim in taken] == [True]

    run(claimed_ahead)
    with database.sessions() as session:
        assert [claim.taken_by for claim in session.scalars(select(Claim))] == [None]


def test_each_slot_is_asked_for_once(database, run, target, add_monitor) -> None:
    for _ in range(30):
        add_monitor(target=target.url)
    run(lambda: len(results(database)) >= 60)
    keys = {(result.probe_id, result.slot) for result in results(database)}
    assert len(keys) == len(results(database)) == len(target.asked)


def test_a_change_counts_with_the_next_slot(database, run, target, add_monitor, team, vault) -> None:
    monitor = add_monitor(target="http://127.0.0.1:9/")
    changed: list[bool] = []

    def change_then_wait() -> bool:
        if results(database) and not changed:
            draft = draft_monitor(target=target.url, interval=5, timeout=2)
            with database.sessions.begin() as session:
                update_monitor(session, team, monitor, draft, vault=vault, now=database.clock.now())
            changed.append(True)
        return any(result.reason == Reason.OK for result in results(database))

    run(change_then_wait)
    reasons = [result.reason for result in results(database)]
    assert reasons == sorted(reasons, reverse=True)


def test_a_monitor_that_cannot_be_read_keeps_no_other_from_being_checked(
    database, run, target, add_monitor, caplog
) -> None:
    broken = add_monitor(target=target.url)
    add_monitor(target=target.url)
    with database.sessions.begin() as session:
        session.get(type(broken), broken.id).secrets = b"sealed with another key"
    run(lambda: len(results(database)) >= 1)
    assert {result.probe_id for result in results(database)} == {2}
    assert "cannot check the monitor" in caplog.text


def test_a_check_that_is_tried_is_taken_with_the_next_tick(
    database, run, target, add_monitor, team, vault
) -> None:
    add_monitor(target=target.url)
    asked: list[uuid.UUID] = []

    def answered() -> bool:
        if not asked and results(database):
            with database.sessions.begin() as session:
                payload = {"target": target.url}
                trial = trials.ask(session, team, "check", payload, vault=vault, now=database.clock.now())
                asked.append(trial.id)
        return bool(asked) and tried().answered_at is not None

    def tried() -> Trial:
        with database.sessions() as session:
            return trials.get_trial(session, team, asked[0], now=database.clock.now())

    run(answered)
    trial = tried()
    assert trial.answer["condition"] == "up"
    # Half a second between two ticks, and more on a machine that does something else as well.
    assert trial.taken_at - trial.inserted_at < timedelta(seconds=1.5)
    assert trial.answered_at - trial.taken_at < timedelta(seconds=1.5)
    assert {result.probe_id for result in results(database)} == {1}
