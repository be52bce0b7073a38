"""The bench's own processes beside the target: a name server, and a server that never answers."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from signal import Signals
from typing import Self

from name_server import HOW_MANY

from emeter_storage.servers import child_command

_HERE = Path(__file__).parent
# One that nobody else has: 127.0.0.53 is often the system's.
_ADDRESS = "127.0.53.53"
_TIMEOUT_S = 5


class NotPossible(Exception):  # noqa: N818 - a finding about the machine
    """This machine does not let the bench do that."""


class Helper:
    """A script beside this file, as a child of ours; `word` is the line that it says when it is ready."""

    def __init__(self, script: str, *arguments: str) -> None:
        argv = [sys.executable, "-I", "-S", str(_HERE / script), *arguments]
        self._process = subprocess.Popen(
            child_command(argv, death_signal=Signals.SIGTERM),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.word = self._process.stdout.readline().strip()
        if not self.word:
            said = self._process.communicate()[1].strip().rpartition("\n")[2]
            raise NotPossible(f"{script} does not start: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid


class Names(Helper):
    """The name server, and the resolv.conf(5) that names it. Raises NotPossible where port 53 is not ours."""

    def __init__(self, directory: Path) -> None:
        if os.geteuid():
            raise NotPossible(
                "by name needs root: a name server has port 53, and resolv.conf is mounted over"
            )
        super().__init__("name_server.py", _ADDRESS)
        self.conf = directory / "resolv.conf"
        self.conf.write_text(f"nameserver {_ADDRESS}\n")

    def asked(self) -> int:
        """How many questions there were so far."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(_TIMEOUT_S)
            asker.sendto(HOW_MANY, (_ADDRESS, 53))
            return int(asker.recv(64))


class Silence(Helper):
    """The server that never answers; `url` takes any path, `arrivals` is its log."""

    def __init__(self, directory: Path) -> None:
        self.arrivals = directory / "silent.log"
        super().__init__("silent_server.py", str(self.arrivals))
        self.url = f"http://127.0.0.1:{self.word}"
