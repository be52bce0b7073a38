"""The thread that keeps one unit running."""

import threading
import time

from emeter_core.supervisor.backoff import Backoff
from emeter_core.supervisor.console import Console
from emeter_core.supervisor.unit import Unit
from emeter_storage.errors import UserError


class Keeper(threading.Thread):
    """Starts a unit, waits for its end and starts it again after a growing pause, until told to stop.

    A thread each, because a server may take long to start and the others must not wait for it; and one that
    lives as long as its unit, because the kernel ends a child with the thread that started it.
    """

    def __init__(self, unit: Unit, console: Console) -> None:
        super().__init__(name=f"keeper of {unit.name}", daemon=True)
        self.unit = unit
        self.started = threading.Event()
        """Set once the unit runs for the first time, or `failure` says why it does not."""
        self.failure: UserError | None = None
        self._console = console
        self._stopping = threading.Event()
        self._backoff = Backoff(unit.longest_pause)

    def run(self) -> None:
        """Keep the unit running; gives up only where its very first start fails."""
        while not self._stopping.is_set() and not self.failure:
            begin = time.monotonic()
            how = self._live()
            if self._stopping.is_set() or self.failure:
                break
            pause = self._backoff.pause(time.monotonic() - begin)
            self._console.line(self.unit.name, f"{how}; starting it again in {pause:.1f} s", "warning")
            self._stopping.wait(pause)
        self.started.set()

    def stop(self) -> None:
        """Ask the unit to end, and never start it again; returns at once."""
        self._stopping.set()
        self.unit.ask()

    def _live(self) -> str:
        """Start the unit and see it end; returns how it ended."""
        try:
            self.unit.start()
        except (UserError, OSError) as error:
            if not self.started.is_set():
                self.failure = error if isinstance(error, UserError) else UserError(str(error))
            return f"does not start: {error}"
        except Exception as error:  # noqa: BLE001 - a bug at one start must not end the keeping
            return f"does not start, by a bug in E-Meter: {error!r}"
        self.started.set()
        try:
            if self._stopping.is_set():
                # Told to stop while it was starting: then nobody has signalled this one yet.
                self.unit.ask()
            return self.unit.wait()
        except Exception as error:  # noqa: BLE001 - nor must one at its end
            return f"was lost, by a bug in E-Meter: {error!r}"
