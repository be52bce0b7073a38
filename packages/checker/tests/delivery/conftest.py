"""A sender in the main thread of the tests, where RQ wants it, stopped as a signal stops it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from emeter_checker.delivery.carriers import carriers
from emeter_checker.hint_job import DELIVER, TRY_CHANNEL, HintJob
from emeter_checker.scheduler import Scheduler
from emeter_checker.sender import Sender
from emeter_core.alerts import Delivery
from emeter_core.supervisor.runtime import StopSignal

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    """Leave no function of a sender that has ended bound to a job."""
    yield
    for name in (DELIVER, TRY_CHANNEL):
        HintJob.functions.pop(name, None)


@pytest.fixture
def mail_directory(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def deliveries(database) -> Callable[[], Sequence[Delivery]]:
    """All deliveries as they are now, in the order in which they were written."""

    def found() -> Sequence[Delivery]:
        with database.sessions() as session:
            return session.scalars(select(Delivery).order_by(Delivery.inserted_at, Delivery.channel)).all()

    return found


@pytest.fixture
def states(deliveries) -> Callable[[str], list[str]]:
    """The states of the deliveries by one kind of channel."""
    return lambda channel: [each.state for each in deliveries() if each.channel == channel]


@pytest.fixture
def run(database, redis, vault, guard, mail_directory) -> Iterator[Callable[..., None]]:
    """Run a sender until a condition holds, with a scheduler beside it unless `scheduler` is False."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def until(
        condition: Callable[[], object],
        *,
        scheduler: bool = True,
        begin: Callable[[], None] = lambda: None,
        at_stop: Callable[[], None] = lambda: None,
    ) -> None:
        stop = StopSignal.install()
        how = carriers(
            smtp_url="",
            mail_from="E-Meter <e-meter@example.com>",
            mail_directory=mail_directory,
            guard=guard,
            clock=database.clock,
        )
        sender = Sender(
            database.sessions, database.clock, redis, vault, how, base_url="http://localhost:8000"
        )
        scheduling = threading.Thread(
            target=Scheduler(database.sessions, database.clock, redis).run, args=(stop.wait,)
        )
        held: list[bool] = []

        def watch() -> None:
            try:
                begin()
                deadline = time.monotonic() + PATIENCE_S
                while not (holds := bool(condition())) and time.monotonic() < deadline:
                    time.sleep(0.02)
                held.append(holds)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                at_stop()

        watching = threading.Thread(target=watch)
        if scheduler:
            scheduling.start()
        watching.start()
        sender.run(stop)
        watching.join()
        if scheduler:
            scheduling.join()
        assert held == [True]

    yield until
    for number, handler in handlers.items():
        signal.signal(number, handler)
