"""Where nginx is, and how it comes here."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from progress import Progress

_PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin"
_POLICY = Path("/usr/sbin/policy-rc.d")


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
