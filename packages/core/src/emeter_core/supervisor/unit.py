"""What is kept running: a process of ours, or a server of the data directory."""

import os
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from signal import Signals

from emeter_core.supervisor.console import Console, Forwarder
from emeter_core.supervisor.spec import ProcessSpec
from emeter_storage.servers import child_command
from emeter_storage.servers.server import Server

_LOOK = 0.1
_LAST_WORDS = 1.0
# They end after everything that speaks to them; PostgreSQL, which holds the truth, last of all.
_ORDER_OF_SERVERS = {"redis": 90, "postgres": 100}


class Unit(ABC):
    """Something with a name that runs, ends, and is started again by the one thread that keeps it."""

    name: str
    stop_order: int
    stop_within: float
    longest_pause: float = 10.0

    @abstractmethod
    def start(self) -> None:
        """Start it and return once it runs; raise UserError or OSError where it does not."""

    @abstractmethod
    def wait(self) -> str:
        """Wait for its end and return how it ended, as in `ended with exit code 1`."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Say whether it does its work."""

    @abstractmethod
    def ask(self) -> None:
        """Signal it to end: once in its life, however often this is called."""

    @abstractmethod
    def kill(self) -> None:
        """End it without waiting for what it is at."""


class ProcessUnit(Unit):
    """A process of ours, in a session of its own, which ends with the thread that started it."""

    def __init__(self, spec: ProcessSpec, console: Console, environment: Mapping[str, str]) -> None:
        self.name, self.stop_order, self.stop_within = spec.name, spec.stop_order, spec.stop_within
        self._spec, self._console, self._environment = spec, console, environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Forwarder | None = None
        self._asked = False

    def start(self) -> None:
        """Spawn it: nothing of this process but the environment is handed on."""
        # -P: what lies in the current directory must not stand in for one of our modules.
        argv = [sys.executable, "-P", "-m", "emeter_core.commands.main", "--debug", *self._spec.arguments]
        process = subprocess.Popen(  # noqa: S603 - our own program
            child_command(argv, death_signal=Signals.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(self._environment),
        )
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        output = Forwarder(self._console, self.name, process.stdout, self._spec.ready_word)
        output.start()
        with self._lock:
            self._process, self._output, self._asked = process, output, False

    def wait(self) -> str:
        """Wait for its end; whatever it left in its session ends with it."""
        process, output = self._process, self._output
        assert process is not None  # noqa: S101 - started before
        assert output is not None  # noqa: S101 - started before
        # Not reaped yet, so that its id is nobody else's while it is signalled. Where the kernel or somebody
        # else reaped it all the same, it has ended, and its exit code is lost: Popen calls it 0.
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, Signals.SIGKILL)
            self._process = None
            code = process.wait()
        output.join(_LAST_WORDS)
        return _how(code)

    def is_ready(self) -> bool:
        """Say whether it runs and said its word, where it has one."""
        with self._lock:
            if not self._process or not self._output:
                return False
            return not self._spec.ready_word or self._output.ready.is_set()

    def ask(self) -> None:
        """Send SIGTERM to the process alone: what it has started is its own to end."""
        with self._lock:
            if self._process and not self._asked:
                self._asked = True
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, Signals.SIGTERM)

    def kill(self) -> None:
        """Kill the process with all of its session."""
        with self._lock:
            if self._process:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, Signals.SIGKILL)


class ServerUnit(Unit):
    """An embedded server; its own output goes to its log in the data directory."""

    stop_within = 30.0
    # Everything else waits for it.
    longest_pause = 2.0

    def __init__(self, server: Server) -> None:
        self.name = server.name
        self.stop_order = _ORDER_OF_SERVERS[server.name]
        self._server = server
        self._asked: int | None = None
        self._runs = False

    def start(self) -> None:
        """Start the server and wait until it answers: a second, after a crash longer."""
        self._server.start()
        self._runs = True

    def wait(self) -> str:
        """Look every 100 ms whether the server still runs, and put its end in order."""
        while (code := self._server.poll()) is None:
            time.sleep(_LOOK)
        self._runs = False
        return _how(code)

    def is_ready(self) -> bool:
        """Say whether it answered at its start and has not ended since."""
        return self._runs

    def ask(self) -> None:
        """Send the signal for an end in order, once."""
        pid = self._server.pid
        if pid and pid != self._asked:
            self._asked = pid
            with suppress(ProcessLookupError):
                os.kill(pid, self._server.stop_signals[0])

    def kill(self) -> None:
        """End the server harder and harder."""
        self._server.stop(timeout=1.0)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
