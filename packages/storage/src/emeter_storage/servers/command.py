"""The command line by which a process becomes our child."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import Signals

from emeter_storage.servers.account import Account

_SHIM = Path(__file__).with_name("child.py")


def child_command(
    argv: Sequence[str],
    *,
    death_signal: Signals,
    user: Account | None = None,
    cwd: Path | None = None,
    reach: Sequence[Path] = (),
) -> list[str]:
    """Return the command that runs `argv` (its first the full path of a program) as our own child.

    The child has a session of its own and keeps the pid that Popen tells. It gets `death_signal` when the
    *thread* that starts it ends, so start it on the main thread, in the process that called this function.
    With `user`, as root only, it runs as that account, which must be able to enter the directories and
    execute the files of `reach`; argv[0] and `cwd` are always among them. It exits with `child.REFUSED` and a
    line on stderr where that cannot be.
    """
    options = [f"parent={os.getpid()}", f"signal={int(death_signal)}"]
    if cwd:
        options.append(f"cwd={cwd}")
    if user:
        options.append(f"user={user.uid}:{user.gid}")
        options += [f"reach={path}" for path in (argv[0], *([cwd] if cwd else []), *reach)]
    # Isolated and without site: nothing of the environment or the venv can slow it down or stand in its way.
    return [sys.executable, "-I", "-S", str(_SHIM), *options, "--", *argv]
