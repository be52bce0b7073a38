"""A whole E-Meter: `emeter up` in a fresh data directory."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from signal import Signals
from typing import Self

from target import free_port

from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, make_engine, make_session_factory
from emeter_storage.servers import DataDirectory, child_command

_READY_WITHIN_S = 120
_STOPPED_WITHIN_S = 90
# What the surroundings may say to an E-Meter of theirs says nothing to this one.
_NOT_OURS = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "SECRET_KEY_OLD", "BASE_URL")
# Whoever is started by this finds the file in place of the system's, and nobody else does.
_MOUNT = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


class NotReady(Exception):  # noqa: N818 - a finding about what is measured
    """`emeter up` did not get ready, or did not last."""


class Instance:
    """`emeter up`, and a connection of our own to its database.

    `settings` go into its environment; `resolv_conf` stands in for the system's.
    """

    def __init__(
        self,
        directory: Path,
        log: Path,
        settings: Mapping[str, str] | None = None,
        resolv_conf: Path | None = None,
    ) -> None:
        self.data = DataDirectory(directory)
        self.port = free_port()
        self._log = log
        self._settings = settings or {}
        self._resolv_conf = resolv_conf
        self._process: subprocess.Popen[bytes] | None = None
        self.engine = make_engine(self.data.database_url, name="emeter bench", pool_size=1)
        self.sessions = make_session_factory(self.engine)
        self.clock = DatabaseClock(self.engine)

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                child_command(self._command(), death_signal=Signals.SIGTERM),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The supervisor, from which all other processes descend."""
        assert self._process
        return self._process.pid

    def require_running(self) -> None:
        """Raise NotReady where `emeter up` has ended."""
        if self._process and self._process.poll() is not None:
            raise NotReady("`emeter up` has ended:\n" + "\n".join(self._lines()[-20:]))

    def vault(self) -> Vault:
        """The vault of this installation."""
        return Vault(self.data.secret_key_path.read_text().strip())

    def troubles(self) -> list[str]:
        """The lines of the log that tell of restarts, warnings and errors."""
        words = ("starting it again", "WARNING", "ERROR", "CRITICAL", "Traceback", "Error:")
        return [line for line in self._lines() if any(word in line for word in words)]

    def _command(self) -> list[str]:
        argv = [sys.executable, "-P", "-m", "emeter_core.commands.main", "up"]
        if not self._resolv_conf:
            return argv
        unshare = shutil.which("unshare") or "/usr/bin/unshare"
        return [unshare, "--mount", "sh", "-ec", _MOUNT, str(self._resolv_conf), *argv]

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _NOT_OURS and not name.startswith("EMETER_")
        }
        return kept | {
            "EMETER_DATA_DIR": str(self.data.path),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "EMETER_LOG": "text",
            **self._settings,
        }

    def _wait(self) -> None:
        end = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < end and self._process and self._process.poll() is None:
            if any(line.startswith("Ready in") for line in self._lines()):
                return
            time.sleep(0.1)
        raise NotReady("`emeter up` did not get ready:\n" + "\n".join(self._lines()[-20:]))

    def _lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()
