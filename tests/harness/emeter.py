"""The real thing: `emeter up` in a process of its own, in a directory of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from signal import Signals
from typing import Any, NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from emeter_core.accounts import list_users, scope_of
from emeter_core.monitors import create_monitor, draft_monitor
from emeter_core.scope import Scope
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, make_engine, make_session_factory
from emeter_storage.servers import DataDirectory
from harness.processes import belonging_to, children_of, command_of, is_alive, program_of, stack_of, tree_of
from harness.waiting import wait_until

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-P", "-m", "emeter_core.commands.main")
EMAIL, PASSWORD = "alice@example.com", "a long password of Alice"
_KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
_SERVERS = {"postgres": "postgres", "redis-server": "redis", "valkey-server": "redis"}
_STARTED = 60.0
_STOPPED = 40.0


class Change(NamedTuple):
    """What a context function needs of a user's transaction."""

    session: Session
    scope: Scope
    now: datetime


class Emeter:
    """One `emeter up`: started, asked, killed in parts, stopped.

    `settings` are its environment variables, `user` is whom `command` becomes.
    """

    def __init__(
        self, data: Path, *, command: Sequence[str] = PYTHON, user: int | None = None, **settings: str
    ) -> None:
        self.data, self.command, self.user = data, tuple(command), user
        self.port = free_port()
        self.settings = {"EMETER_DATA_DIR": str(data), "PORT": str(self.port), **settings}
        self.log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._seen: set[int] = set()
        self._engines: list[Engine] = []

    @property
    def environment(self) -> dict[str, str]:
        """What the commands see: nothing of ours but where programs lie."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "LC_ALL": "C.UTF-8", **self.settings}

    @property
    def run_directory(self) -> Path:
        """Where its servers have their sockets."""
        name = DataDirectory(self.data).run_directory.name
        return Path("/tmp") / name.replace(f"-{os.geteuid()}-", f"-{self.user or os.geteuid()}-")

    def start(self, *, wait: bool = True, command: Sequence[str] | None = None) -> "Emeter":
        """Run `emeter up`, or `command` which leads to it, and wait until it says that it is ready."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command or [*self.command, "up"],
                cwd=ROOT if command else "/",
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            wait_until(self._has_started, _STARTED, f"ready\n{self.said()}")
        return self

    def said(self) -> str:
        """All that `emeter up` and its processes said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def run(
        self, *arguments: str, check: bool = True, text: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line of `emeter` beside it; fails where that fails, unless `check` is False."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd="/",
            env=self.environment | settings,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stderr or done.stdout}"
        return done

    def register(self) -> "Emeter":
        """Have a user, to whose team monitors can belong."""
        self.run("user", "create", EMAIL, "--password-stdin", text=PASSWORD)
        return self

    def monitors(self) -> list[dict[str, Any]]:
        """What `emeter monitor list` shows."""
        listed: list[dict[str, Any]] = json.loads(self.run("monitor", "list", "--json").stdout)
        return listed

    @cached_property
    def database(self) -> Engine:
        """Its database, to look at tables."""
        url = self.settings.get("DATABASE_URL") or DataDirectory(self.data).database_url
        engine = make_engine(url, name="tests", pool_size=3)
        self._engines.append(engine)
        return engine

    def rows(self, statement: str, **values: object) -> list[Any]:
        """The rows of a statement; none while the database is away."""
        try:
            with self.database.connect() as connection:
                return list(connection.execute(text(statement), values))
        except (InterfaceError, OperationalError):
            return []

    def add_monitors(self, drafts: Sequence[dict[str, Any]]) -> list[int]:
        """Add many monitors as the pages would, in one transaction; returns the ids of their probes."""
        with self.change() as change:
            made = [
                create_monitor(
                    change.session, change.scope, draft_monitor(**draft), vault=self.vault, now=change.now
                ).id
                for draft in drafts
            ]
        probes = dict(map(tuple, self.rows("SELECT monitor_id, id FROM probes")))
        return [probes[monitor_id] for monitor_id in made]

    @contextmanager
    def change(self) -> Iterator["Change"]:
        """A transaction of the first user, as the pages have it; committed at the end."""
        with make_session_factory(self.database).begin() as session:
            scope = scope_of(session, list_users(session)[0])
            yield Change(session, scope, DatabaseClock(self.database).now())

    @property
    def vault(self) -> Vault:
        """What its secrets are sealed with."""
        return Vault(self.settings.get("SECRET_KEY") or (self.data / "secret_key").read_text().strip())

    def processes(self) -> dict[str, int]:
        """The pid of each of its processes by name: postgres, redis, scheduler, sender, worker, web."""
        assert self.process is not None
        supervisors = [pid for pid in tree_of(self.process.pid) if _is_supervisor(command_of(pid))]
        found = {}
        for pid in (child for supervisor in supervisors for child in children_of(supervisor)):
            command = command_of(pid)
            if name := _SERVERS.get(program_of(pid)):
                found[name] = pid
            # Before that it is still the shim which makes it our own.
            elif "child.py" not in command:
                found[command.rpartition(" ")[2]] = pid
        return found

    def wait_until(self, condition: Callable[[], Any], seconds: float, what: str = "") -> Any:  # noqa: ANN401
        """Wait, and show the log where it was in vain."""
        try:
            return wait_until(condition, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()[-4000:]}") from None

    def kill(self) -> None:
        """Kill `emeter up` itself, and nobody else."""
        self.forget_database()
        self.signal(Signals.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def signal(self, number: Signals) -> None:
        """Signal the process that was started, and note who belonged to it."""
        assert self.process is not None
        self._seen |= tree_of(self.process.pid)
        self.process.send_signal(number)

    def left_behind(self) -> dict[int, str]:
        """Who of it still runs, by pid."""
        known = {pid: command_of(pid) for pid in self._seen if is_alive(pid)}
        return known | belonging_to(self.data, self.run_directory)

    def wait_for_end(self, seconds: float) -> None:
        """Wait until nobody of it runs; names those who do."""
        try:
            self.wait_until(lambda: not self.left_behind(), seconds, "the end of all processes")
        except AssertionError as error:
            left = {pid: (command, stack_of(pid)) for pid, command in self.left_behind().items()}
            raise AssertionError(f"left behind: {left}\n{error}") from None

    def stop(self, number: Signals = Signals.SIGTERM, *, code: int = 0) -> None:
        """End it by a signal, and see that it ends with `code` and leaves nobody and no socket behind."""
        if self.process is None or self.process.poll() is not None:
            return
        self.forget_database()
        self.signal(number)
        assert self.process.wait(_STOPPED) == code, self.said()[-4000:]
        assert self.left_behind() == {}
        assert not self.run_directory.exists()

    def clean_up(self) -> None:
        """Leave nothing, whatever happened."""
        self.forget_database()
        if self.process and self.process.poll() is None:
            self._seen |= tree_of(self.process.pid)
            self.process.kill()
            self.process.wait()
        for pid in self.left_behind():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait_for_end(10)
        shutil.rmtree(self.run_directory, ignore_errors=True)

    def forget_database(self) -> None:
        """Let go of all connections."""
        for engine in self._engines:
            engine.dispose()

    def _has_started(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended with {self.process.poll()}:\n{self.said()}"
        return "Ready in" in self.said()


def short_directory() -> Path:
    """A new directory with a short path that servers which are not root may pass through."""
    path = Path(tempfile.mkdtemp(prefix="em-", dir="/tmp"))
    path.chmod(0o711)
    return path


def _is_supervisor(command: str) -> bool:
    return command.endswith(" up") and "foreground.py" not in command and "emeter" in command


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
