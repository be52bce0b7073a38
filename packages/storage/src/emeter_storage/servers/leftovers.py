"""Servers that outlived the process that started them.

After a SIGKILL of PostgreSQL's postmaster its backends notice by themselves, a busy one late; after a SIGKILL
of our own process the servers were told by the kernel and are about to end. A new server must not start
beside either: one would write to the files of the other, or remove its socket. Whoever calls this holds the
lock of the data directory, so that no server found can be anybody's.
"""

import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals

_PAUSE = 0.02


def servers_in(directory: Path, programs: Collection[str]) -> list[int]:
    """Return the pids of the processes of these programs (file names) whose working directory this is."""
    try:
        wanted = directory.stat()
    except FileNotFoundError:
        return []
    return [pid for pid in _pids() if _is_one(pid, wanted, programs)]


def end(directory: Path, programs: Collection[str], schedule: Sequence[tuple[float, Signals]]) -> bool:
    """Signal the servers in a directory until none is left; say whether none is.

    The schedule is of seconds from now and the signal that is due then; the wait goes on for 2 s after the
    last.
    """
    begin = time.monotonic()
    pending = list(schedule)
    while pids := servers_in(directory, programs):
        passed = time.monotonic() - begin
        if pending and passed >= pending[0][0]:
            _signal(pids, pending.pop(0)[1])
        elif not pending and passed > schedule[-1][0] + 2:
            return False
        time.sleep(_PAUSE)
    return True


def wait(directory: Path, programs: Collection[str], seconds: float) -> None:
    """Wait until no server is left in a directory, but no longer than these seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and servers_in(directory, programs):
        time.sleep(_PAUSE)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_one(pid: int, wanted: os.stat_result, programs: Collection[str]) -> bool:
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
        return program in programs and os.path.samestat(Path(f"/proc/{pid}/cwd").stat(), wanted)
    except OSError:
        return False  # Another user's, or gone by now.


def _signal(pids: Sequence[int], number: Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
