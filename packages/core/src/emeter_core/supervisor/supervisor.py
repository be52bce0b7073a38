"""All that `emeter up` keeps running, and the wish that it ends."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from types import FrameType

from emeter_core.supervisor.console import Console
from emeter_core.supervisor.keeper import Keeper
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.supervisor.unit import Unit

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A terminal, make and a shell may each hand on the same Ctrl-C.
_SAME_WISH = 0.5
_AFTER_KILL = 10.0
_LOOK = 0.02


class Stopped(Exception):  # noqa: N818 - it is no error
    """Somebody asked for the end while there was something to wait for."""


class Supervisor:
    """Keeps units running until a signal comes, then ends them in their order."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._keepers: list[Keeper] = []
        self._wish = StopSignal()
        self._in_a_hurry = False
        self._wished_at = 0.0

    @contextmanager
    def until_stopped(self) -> Iterator[None]:
        """Take the signals during the block, and end every unit at its end, however that comes."""
        # Whom nohup started shall outlive the terminal. SIGINT is taken even where it is ignored, as in a job
        # that a script put in the background: who sends it there means it.
        before = {
            number: old
            for number in _SIGNALS
            if (old := signal.getsignal(number)) is not signal.SIG_IGN or number is not signal.SIGHUP
        }
        for number in before:
            signal.signal(number, self._received)
        # Where it is inherited as ignored, the kernel reaps our children and nobody learns how they ended.
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            yield
        except Stopped:
            pass
        finally:
            self._stop()
            self._console.flush()
            for number, old in before.items():
                signal.signal(number, old)

    def keep(self, units: Iterable[Unit]) -> None:
        """Start units and keep them running from now on."""
        for unit in units:
            keeper = Keeper(unit, self._console)
            self._keepers.append(keeper)
            keeper.start()

    def wait_until_started(self) -> None:
        """Wait until every unit runs; raise UserError where a first start failed, Stopped on a signal."""
        self._wait(lambda: all(keeper.started.is_set() for keeper in self._keepers))
        for keeper in self._keepers:
            if keeper.failure:
                raise keeper.failure

    def wait_until_ready(self, seconds: float) -> list[str]:
        """Wait until every unit does its work; returns the names of those that do not after `seconds`."""
        end = time.monotonic() + seconds
        self._wait(lambda: time.monotonic() > end or all(keeper.unit.is_ready() for keeper in self._keepers))
        return [keeper.unit.name for keeper in self._keepers if not keeper.unit.is_ready()]

    def wait_for_wish(self) -> None:
        """Wait until a signal asks for the end."""
        self._wish.wait()

    def raise_if_stopped(self) -> None:
        """Raise Stopped where a signal has come: called between the steps of a start."""
        if self._wish.is_set():
            raise Stopped

    def _wait(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.raise_if_stopped()
            time.sleep(_LOOK)

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._wish.is_set():
            self._wished_at = now
            self._wish.set()
        elif now - self._wished_at > _SAME_WISH:
            self._in_a_hurry = True

    def _stop(self) -> None:
        if any(keeper.is_alive() for keeper in self._keepers):
            self._console.say("Stopping ... (again to hurry)" if self._wish.is_set() else "Stopping ...")
        in_order = sorted(self._keepers, key=lambda keeper: keeper.unit.stop_order)
        for _order, group in groupby(in_order, key=lambda keeper: keeper.unit.stop_order):
            self._stop_group(list(group))

    def _stop_group(self, keepers: list[Keeper]) -> None:
        for keeper in keepers:
            keeper.stop()
        patience = time.monotonic() + max(keeper.unit.stop_within for keeper in keepers)
        while any(keeper.is_alive() for keeper in keepers):
            if self._in_a_hurry or time.monotonic() > patience:
                _end_hard(keepers)
                return
            time.sleep(_LOOK)


def _end_hard(keepers: list[Keeper]) -> None:
    """Kill until no keeper has anything left: a server may be in the middle of a start."""
    end = time.monotonic() + _AFTER_KILL
    while time.monotonic() < end and any(keeper.is_alive() for keeper in keepers):
        for keeper in keepers:
            if keeper.is_alive():
                keeper.unit.kill()
        time.sleep(_LOOK)
