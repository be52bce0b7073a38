"""Who may be killed: the parts of an `emeter up`, and workers that run beside it."""

import os
import random
import subprocess
from contextlib import suppress
from signal import SIGKILL, SIGTERM

from harness.emeter import Emeter
from harness.processes import children_of, command_of, is_alive
from harness.waiting import wait_until

VICTIMS = (
    "scheduler",
    "worker",
    "sender",
    "one of --processes",
    "all of --processes",
    "postgres",
    "backend",
    "redis",
)
_COPIES = 2
_THERE_WITHIN = 20.0


class Workers:
    """`emeter worker --processes 2` beside an `emeter up`, as another machine would have it."""

    def __init__(self, emeter: Emeter) -> None:
        self._emeter = emeter
        self._said = emeter.data.parent / f"{emeter.data.name}-workers.log"
        self._log = self._said.open("ab")
        self._process: subprocess.Popen[bytes]
        self._before: list[int] = []
        self.start()

    @property
    def pid(self) -> int:
        """The process that keeps the others."""
        return self._process.pid

    def said(self) -> str:
        """All that they said."""
        return self._said.read_text(errors="replace")

    def single(self) -> list[int]:
        """The processes that check; fewer than two while one is started again."""
        found = [(pid, command_of(pid)) for pid in children_of(self.pid)]
        # Before that it is still the shim which makes it a worker.
        return [pid for pid, command in found if command.endswith("worker") and "child.py" not in command]

    def start(self) -> None:
        """Start them."""
        self._process = subprocess.Popen(
            [*self._emeter.command, "worker", "--processes", str(_COPIES)],
            cwd="/",
            env=self._emeter.environment | {"EMETER_PRIVATE_TARGETS": "127.0.0.0/8"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill the one that keeps the others, which end by themselves, and start all again."""
        self._before += children_of(self.pid)
        self._process.kill()
        self._process.wait()
        self.start()

    def stop(self) -> None:
        """End them in order."""
        self._before += children_of(self.pid)
        self._process.send_signal(SIGTERM)
        assert self._process.wait(30) == 0
        wait_until(lambda: not any(map(is_alive, self._before)), 30, "the end of all workers")
        self._log.close()

    def clean_up(self) -> None:
        """Leave nothing, whatever happened."""
        if self._process.poll() is None:
            self._before += children_of(self.pid)
            self._process.kill()
            self._process.wait()
        for pid in self._before:
            with suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)


def kill(name: str, emeter: Emeter, workers: Workers, rng: random.Random) -> None:
    """Kill one of VICTIMS; waits until it is there."""
    if name == "all of --processes":
        workers.kill()
        return

    def pids() -> list[int]:
        if name == "one of --processes":
            return workers.single()
        found = emeter.processes()
        if name != "backend":
            return [found[name]] if name in found else []
        served = children_of(found["postgres"]) if "postgres" in found else []
        return [pid for pid in served if command_of(pid).startswith("postgres: emeter")]

    there = sorted(emeter.wait_until(pids, _THERE_WITHIN, f"{name} to kill"))
    with suppress(ProcessLookupError):
        os.kill(rng.choice(there), SIGKILL)
