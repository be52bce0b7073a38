import io
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from emeter_core.supervisor import supervisor as module
from emeter_core.supervisor.console import Console
from emeter_core.supervisor.keeper import Keeper
from emeter_core.supervisor.spec import ProcessSpec
from emeter_core.supervisor.supervisor import Supervisor
from emeter_core.supervisor.unit import ProcessUnit, Unit

Eventually = Callable[[Callable[[], object]], None]


class FakeUnit(Unit):
    """Runs until it is told that it ended; its first waits may raise."""

    name, stop_order = "first", 1

    def __init__(self, *errors: Exception, stop_within: float = 10.0) -> None:
        self.stop_within = stop_within
        self.starts, self.was_killed = 0, False
        self.ended = threading.Event()
        self._errors = list(errors)

    def start(self) -> None:
        self.starts += 1

    def wait(self) -> str:
        if self._errors:
            raise self._errors.pop(0)
        self.ended.wait()
        return "ended"

    def is_ready(self) -> bool:
        return True

    def ask(self) -> None:
        pass

    def kill(self) -> None:
        self.was_killed = True
        self.ended.set()


@pytest.fixture
def reaped_by_the_kernel() -> Iterator[None]:
    """SIGCHLD inherited as ignored."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


def test_a_keeper_outlives_a_wait_that_raises(
    console: Console, out: io.StringIO, eventually: Eventually
) -> None:
    unit = FakeUnit(ChildProcessError(10, "No child processes"), RuntimeError("odd"))
    keeper = Keeper(unit, console)
    keeper.start()
    eventually(lambda: unit.starts == 3)

    keeper.stop()
    unit.ended.set()
    keeper.join(10)
    assert not keeper.is_alive()
    assert "was lost, by a bug in E-Meter: RuntimeError('odd'); starting it again" in out.getvalue()


@pytest.mark.usefixtures("reaped_by_the_kernel")
def test_what_the_kernel_reaped_is_started_again_and_can_be_stopped(
    console: Console, house: Mapping[str, str], out: io.StringIO, eventually: Eventually
) -> None:
    keeper = Keeper(ProcessUnit(ProcessSpec("first", ("brief",)), console, house), console)
    keeper.start()
    eventually(lambda: out.getvalue().count("brief was here") == 2)

    keeper.stop()
    keeper.join(30)
    assert not keeper.is_alive()


@pytest.mark.usefixtures("reaped_by_the_kernel")
def test_an_ignored_sigchld_is_heeded_while_there_are_children(
    console: Console, house: Mapping[str, str], out: io.StringIO, eventually: Eventually
) -> None:
    supervisor = Supervisor(console)
    with supervisor.until_stopped():
        supervisor.keep([ProcessUnit(ProcessSpec("first", ("brief",)), console, house)])
        eventually(lambda: "ended with exit code 3" in out.getvalue())

    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN


def test_asking_who_has_gone_is_no_error(console: Console, house: Mapping[str, str]) -> None:
    unit = ProcessUnit(ProcessSpec("first", ("brief",)), console, house)
    unit.start()
    assert unit._process is not None
    os.waitpid(unit._process.pid, 0)

    unit.ask()
    unit.wait()


def test_each_has_the_time_that_its_spec_says(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = FakeUnit(stop_within=75)
    clock = _Clock(unit, ends_at=74)
    supervisor = Supervisor(console)
    with supervisor.until_stopped():
        supervisor.keep([unit])
        supervisor.wait_until_started()
        monkeypatch.setattr(module, "time", clock)

    assert not unit.was_killed


class _Clock:
    """A second per look, until the unit ends at its time."""

    def __init__(self, unit: FakeUnit, *, ends_at: float) -> None:
        self._unit, self._ends_at, self._now = unit, ends_at, 0.0
        self._pause = threading.Event()

    def monotonic(self) -> float:
        return self._now

    def sleep(self, _seconds: float) -> None:
        if self._now < self._ends_at:
            self._now += 1
        else:
            self._unit.ended.set()
            self._pause.wait(0.01)
