"""What PostgreSQL and Redis have in common as our children."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from signal import Signals
from typing import ClassVar

from emeter_storage.servers.child import REFUSED
from emeter_storage.servers.command import child_command
from emeter_storage.servers.data_directory import DataDirectory
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.logs import Log

_PATIENCE = 30.0
"""Seconds in which `start` tries again."""
_LONGEST_RECOVERY = 600.0
"""Seconds that a server which says it is on its way may take; a crash recovery replays up to 1 GB of WAL."""
_ATTEMPTS = 3
"""Starts that may fail for a reason which waiting does not cure."""
_PAUSE = 0.02
_KILL_AFTER = 5.0

# The whole environment of the servers: no PGDATA, PGPORT or LC_ALL of ours shall turn them elsewhere.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Server(ABC):
    """A server of a data directory, in the foreground, ended with the thread that started it."""

    name: ClassVar[str]
    death_signal: ClassVar[Signals]
    stop_signals: ClassVar[tuple[Signals, ...]]

    def __init__(self, data_directory: DataDirectory) -> None:
        self.data = data_directory
        self.log = Log(data_directory.logs / f"{self.name}.log")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the running server, None before `start` and after its end."""
        return self._child.pid if self._child and self.poll() is None else None

    def poll(self) -> int | None:
        """Return how the server ended, as Popen does; None while it runs and before the first start."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Start the server and wait until it answers; nothing happens where it runs already.

        Call it on the main thread: the kernel ends the child with the thread that started it. It takes the
        lock of the data directory and ends what an earlier run left over; what fails is tried again for 30 s.
        Raise ServerError with the last lines of the log otherwise.
        """
        if self.pid:
            return
        try:
            self.data.prepare()
            self.data.lock()
            self.prepare()
            self.data.make_run_directory()
            self._start()
        except OSError as error:
            raise ServerError(f"{self.name} does not start: {error.filename}: {error.strerror}") from error
        finally:
            if not self.pid:
                self.data.drop_run_directory()

    def stop(self, timeout: float = 30.0) -> None:
        """End the server in order, harder where that takes over `timeout` seconds, and wait for its end."""
        if self._child:
            for number in self.stop_signals:
                if self._ended_by(number, timeout):
                    break
                timeout = _KILL_AFTER
        self.data.drop_run_directory()

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL by which the server is reached."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs before its start; raise ServerError where that fails."""

    @abstractmethod
    def clear(self) -> None:
        """End what is left of an earlier server of this directory."""

    @abstractmethod
    def command(self) -> tuple[list[str], Path]:
        """Return the server's own command line and its working directory."""

    @abstractmethod
    def answers(self) -> bool | None:
        """Say whether the server answers; None while it says that it is on its way."""

    @abstractmethod
    def may_pass(self, news: str) -> bool:
        """Say whether waiting can cure the failure that the log tells."""

    def _start(self) -> None:
        begin, attempts = time.monotonic(), 0
        while not self._started_once(begin):
            attempts += 1
            news = self.log.news()
            if time.monotonic() - begin > _PATIENCE or (attempts >= _ATTEMPTS and not self.may_pass(news)):
                raise ServerError(
                    f"{self.name} does not start: {news or 'it says nothing'} (more in {self.log.path})"
                )
            time.sleep(min(0.1 * attempts, 1.0))

    def _started_once(self, begin: float) -> bool:
        self.clear()
        argv, cwd = self.command()
        command = child_command(argv, death_signal=self.death_signal, user=self.data.account, cwd=cwd)
        self._child = self._spawn(command)
        while self._child.poll() is None:
            answer = self.answers()
            if answer:
                return True
            if time.monotonic() - begin > (_PATIENCE if answer is False else _LONGEST_RECOVERY):
                self._ended_by(Signals.SIGKILL, _KILL_AFTER)
                return False
            time.sleep(_PAUSE)
        if self._child.returncode == REFUSED:
            raise ServerError(self.log.news(1).removeprefix("E-Meter: "))
        return False

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open(self.log.open(), "wb") as log:  # noqa: PTH123 - a descriptor, no path
            return subprocess.Popen(  # noqa: S603 - our own programs
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT
            )

    def _ended_by(self, number: Signals, timeout: float) -> bool:
        assert self._child is not None  # noqa: S101 - for mypy
        self._child.send_signal(number)
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True
