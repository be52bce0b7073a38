"""Processes of ours that are started and stopped one by one, on servers that are nobody else's."""

import os
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from signal import SIGKILL, Signals
from types import TracebackType
from typing import Self

from harness.emeter import PYTHON, Emeter
from harness.processes import tree_of
from harness.waiting import wait_until

SECRET = "a secret key of the tests, which is long enough"
_READY_WITHIN = 20.0
_READY = {"worker": "Checking", "scheduler": "Scheduling"}


class Member:
    """One process: `emeter <arguments>`, and what it said."""

    def __init__(self, house: Emeter, log: Path, *arguments: str, files: int = 0) -> None:
        self.log = log
        limited = ["prlimit", f"--nofile={files}"] if files else []
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [*limited, *PYTHON, *arguments],
                env=house.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        word = _READY[arguments[0]]
        wait_until(lambda: word in self.said(), _READY_WITHIN, f"{arguments} ready")

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, within: float) -> float:
        """Ask it to end, and return after how many seconds it had, with code 0."""
        began = time.monotonic()
        self.process.send_signal(Signals.SIGTERM)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {within} s:\n{self.said()[-4000:]}") from None
        assert code == 0, self.said()[-4000:]
        return time.monotonic() - began

    def kill(self) -> None:
        """Leave nothing of it, whatever happened."""
        for pid in tree_of(self.process.pid) if self.process.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)
        self.process.wait()


class Crew:
    """A scheduler and any number of workers, in the order in which one starts them."""

    def __init__(self, directory: Path, database_url: str, redis_url: str) -> None:
        self.house = Emeter(
            directory / "crew",
            DATABASE_URL=database_url,
            REDIS_URL=redis_url,
            SECRET_KEY=SECRET,
            EMETER_PRIVATE_TARGETS="127.0.0.0/8",
        )
        self._directory = directory
        self._stack = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        self.house.run("db", "upgrade")
        self.house.register()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.house.forget_database()
        self._stack.close()

    def start(self, *arguments: str, files: int = 0) -> Member:
        """Start a process and wait until it does its work; it may have so many `files` open."""
        self._count += 1
        member = Member(self.house, self._directory / f"member{self._count}.log", *arguments, files=files)
        self._stack.callback(member.kill)
        return member
