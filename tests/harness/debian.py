"""Tools that a test needs and that Debian has: installed where that can be done."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def find_or_install(find: Callable[[], T | None], package: str) -> T | None:
    """What `find` finds, after `package` was installed where it found nothing; None where that cannot be."""
    found = find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ("apt-get", "install", "-qq", "--no-install-recommends", package)
        if not _runs(install):
            _runs(("apt-get", "update", "-qq"))
            _runs(install)
        found = find()
    return found


def _runs(command: Sequence[str]) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=quiet, check=False, timeout=300
    )
    return done.returncode == 0
