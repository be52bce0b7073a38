"""E-Meter as an ordinary user has it, where the tests run as root and Python lies where only root may go."""

import shlex
import stat
import subprocess
import sys
from pathlib import Path

from harness.emeter import PYTHON, ROOT

NOBODY = 65534
_BECOME = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all")


def command_of_nobody(place: Path) -> tuple[str, ...]:
    """The beginning of a command line by which `nobody` runs `emeter`.

    What it needs and cannot reach is mounted for this command alone: no mode on the disk is changed. Raises
    OSError where that is not allowed.
    """
    command = ("unshare", "--mount", "sh", "-ec", f'{_openings(place)}\nexec "$@"', "sh", *_BECOME, *PYTHON)
    done = subprocess.run([*command, "--version"], cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.strip())
    return command


def _openings(place: Path) -> str:
    """The mounts that open the way: in place of each closed directory one with just what is needed."""
    lines = []
    for number, needed in enumerate((Path(sys.base_prefix), ROOT, Path(sys.prefix))):
        closed = next(
            (path for path in reversed(needed.parents) if not path.stat().st_mode & stat.S_IXOTH), None
        )
        if closed is None:
            continue
        hold = place / f"hold{number}"
        hold.mkdir()
        lines += [
            f"mount --bind {shlex.quote(str(needed))} {hold}",
            f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(closed))}",
            f"mkdir -p {shlex.quote(str(needed))}",
            f"mount --bind {hold} {shlex.quote(str(needed))}",
        ]
    return "\n".join(lines)
