"""A wall clock that can be made to jump, by Debian's libfaketime; monotonic clocks stay true."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer
from emeter_storage.servers.server import Server
from harness.debian import find_or_install

_PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime", "/usr/lib64/faketime")

# Python sleeps until an instant of the monotonic clock, which libfaketime 0.9.10 refuses.
_SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


@functools.cache
def find_library() -> Path | None:
    """The library that tells the time, which is installed where that can be done; None where it cannot."""
    return find_or_install(_installed, "faketime")


def _installed() -> Path | None:
    named = (Path("/").glob(f"{place[1:]}/libfaketimeMT.so.1") for place in _PLACES)
    return next((path for paths in named for path in sorted(paths)), None)


class WallClock:
    """What programs with `settings` in their environment take for the time of day."""

    def __init__(self, library: Path, directory: Path) -> None:
        self._file = directory / "clock"
        self.ahead = timedelta()
        """By how much it is ahead of the true time."""
        self.settings = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Each look at the clock reads the file anew.
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Times of files are the system's: what was written just now must not seem to be of tomorrow.
            "NO_FAKE_STAT": "1",
        }
        (directory / "sitecustomize.py").write_text(_SLEEP, "ascii")
        self.python_settings = {**self.settings, "PYTHONPATH": str(directory)}
        """What programs in Python need besides."""
        self.jump(timedelta())

    def jump(self, by: timedelta) -> None:
        """Set it ahead, or back where `by` is negative, for everybody at once."""
        self.ahead += by
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self.ahead.total_seconds():+.0f}\n", "ascii")
        fresh.chmod(0o644)
        fresh.replace(self._file)


class _OnClock(Server):
    """A server that tells the time by a clock of the test's own."""

    clock: WallClock

    def command(self) -> tuple[list[str], Path]:
        argv, cwd = super().command()
        settings = (f"{name}={value}" for name, value in self.clock.settings.items())
        return ["/usr/bin/env", *settings, *argv], cwd


class _Postgres(_OnClock, PostgresServer):
    pass


class _Redis(_OnClock, RedisServer):
    pass


@contextmanager
def servers_on(clock: WallClock, directory: Path) -> Iterator[tuple[str, str]]:
    """A PostgreSQL and a Redis that tell the time by `clock`; their URLs."""
    data = DataDirectory(directory)
    data.prepare()
    servers = [_Postgres(data, fsync=False), _Redis(data)]
    for server in servers:
        server.clock = clock
    try:
        for server in servers:
            server.start()
        yield servers[0].url, servers[1].url
    finally:
        for server in reversed(servers):
            server.stop()
