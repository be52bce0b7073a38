"""The target: an nginx of our own on a free port, which writes down when each check arrived."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import Signals
from typing import Self

from progress import Progress

from emeter_storage.servers import child_command

_PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin"
_POLICY = Path("/usr/sbin/policy-rc.d")

# One worker, as its CPU is not ours and must not crowd ours out; no connection is used twice. The log is
# buffered: a write per check would cost more than the check.
_CONFIG = """
daemon off; worker_processes 1; pid {here}/nginx.pid; error_log {here}/error.log warn; {user}
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  log_format arrivals '$msec $request_time $uri';
  access_log {here}/arrivals.log arrivals buffer=256k flush=1s;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
  keepalive_timeout 0; default_type text/plain;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /m/ {{ return 200 "ok\\n"; }}
    location = /floor {{ access_log off; return 200 "ok\\n"; }}
    location = /served {{ access_log off; stub_status; }}
  }}
}}
"""


class NoNginx(Exception):  # noqa: N818 - a finding about the machine
    """There is no nginx, and none could be installed."""


def find_nginx(progress: Progress) -> str:
    """The path of nginx, which is installed where that can be done; raises NoNginx."""
    path = f"{os.environ.get('PATH', '')}:{_PLACES}"
    found = shutil.which("nginx", path=path)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        progress.say("Installing nginx ...")
        _install()
        found = shutil.which("nginx", path=path)
    if not found:
        raise NoNginx("the bench needs nginx as its target: install the package `nginx`")
    return found


def _install() -> None:
    """Install the package without letting its service start."""
    install = ["apt-get", "install", "-qq", "--no-install-recommends", "nginx"]
    with _no_service():
        if not _runs(install):
            _runs(["apt-get", "update", "-qq"])
            _runs(install)


def _runs(command: list[str]) -> bool:
    told = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        check=False,
    )
    return told.returncode == 0


@contextmanager
def _no_service() -> Iterator[None]:
    """Debian's own way to install a package without starting its service (invoke-rc.d(8))."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


class Target:
    """The running server; `url` takes any path below `/m/`."""

    def __init__(self, nginx: str, directory: Path) -> None:
        self._nginx = nginx
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arrivals = directory / "arrivals.log"

    def __enter__(self) -> Self:
        self._directory.mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        config = self._directory / "nginx.conf"
        config.write_text(_CONFIG.format(here=self._directory, port=self.port, user=user))
        argv = [self._nginx, "-p", str(self._directory), "-e", "stderr", "-c", str(config)]
        self._process = subprocess.Popen(child_command(argv, death_signal=Signals.SIGTERM))
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    @property
    def pid(self) -> int:
        """The master process of nginx."""
        assert self._process
        return self._process.pid

    @property
    def version(self) -> str:
        """As nginx tells it."""
        told = subprocess.run([self._nginx, "-v"], capture_output=True, text=True, check=False)
        return told.stderr.strip().rpartition("/")[2]

    def served(self) -> int:
        """How many requests there were so far, this one included."""
        with urllib.request.urlopen(f"{self.url}/served", timeout=5) as answer:
            numbers = re.findall(r"\d+", answer.read().decode().splitlines()[2])
        return int(numbers[2])

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end and self._process and self._process.poll() is None:
            with suppress(OSError):
                self.served()
                return
            time.sleep(0.05)
        raise NoNginx("nginx does not start; its words are above")


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
