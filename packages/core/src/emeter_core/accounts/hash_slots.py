"""Room for two password hashes at a time on this machine, and a bounded queue before it.

bcrypt gives the interpreter free: without a bound, people who log in take every core from the pages, and
without an end of the queue a flood of log-ins takes every thread.
"""

import fcntl
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from emeter_core.logs import get_logger
from emeter_storage.errors import UserError

T = TypeVar("T")

AT_ONCE = 2
_SLOTS = tuple(map(str, range(AT_ONCE)))
# With a quarter of a second a hash, the last in the queue waits for eight seconds, and a quarter of the web
# server's threads are here.
_MOST_WAITING = 64
# These places nobody but `first` takes: whoever floods the queue cannot shut them out.
_KEPT = 16
_PATIENCE_S = 10.0
# How often who comes next looks whether another process is done; a hash takes ten times as long.
_LOOK_EVERY_S = 0.02
# Where all cores are taken, a page gets three times as much of them as a hash.
_NICENESS = 5
_PARENT = Path("/tmp")  # noqa: S108 - the name in it is checked for squatters each time
_log = get_logger("emeter.accounts")


class Busy(UserError):  # noqa: N818 - as its neighbours NotFound and Invalid
    """So many passwords are being hashed that there is no room for another one; try again soon."""

    def __init__(self) -> None:
        super().__init__("Too many passwords are being checked at this moment. Try again in a few seconds.")


class HashSlots:
    """Two slots that all processes of this user share: files in `directory`, locked by who hashes.

    The kernel unlocks them when a process dies. Where the directory cannot be used, each process has two of
    its own, and says so once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # Threads of their own, for a thread of ours could not take back that it let others go first.
        self._threads = ThreadPoolExecutor(AT_ONCE, "hash", initializer=_let_others_go_first)
        self._lock = threading.Lock()
        self._present = 0
        self._is_shared = True

    def run(self, work: Callable[[], T], *, first: bool = False) -> T:
        """Do the work in a slot. Raises Busy where the queue is full, or moves too slowly.

        `first` may use the places in the queue that are kept from everybody else.
        """
        end = time.monotonic() + _PATIENCE_S
        with self._place(AT_ONCE + _MOST_WAITING - (0 if first else _KEPT)):
            future = self._threads.submit(self._in_slot, work, end)
            wait([future], timeout=_PATIENCE_S)
            if future.cancel():
                raise Busy
            return future.result()

    @contextmanager
    def _place(self, most: int) -> Iterator[None]:
        with self._lock:
            if self._present >= most:
                raise Busy
            self._present += 1
        try:
            yield
        finally:
            with self._lock:
                self._present -= 1

    def _in_slot(self, work: Callable[[], T], end: float) -> T:
        file: int | None = None
        try:
            file = self._wait_for_file(end)
        except OSError as error:
            self._say_once(error)
        try:
            return work()
        finally:
            if file is not None:
                os.close(file)

    def _wait_for_file(self, end: float) -> int:
        """Lock one of the slots; whoever waits for one of them has the turn.

        Else a process with a queue would take its slots again before any other one looks.
        """
        self._make_directory()
        turn = self._wait_for(("turn",), end)
        try:
            return self._wait_for(_SLOTS, end)
        finally:
            os.close(turn)

    def _wait_for(self, names: Sequence[str], end: float) -> int:
        while time.monotonic() < end:
            for name in names:
                file = self._try_file(name)
                if file is not None:
                    return file
            time.sleep(_LOOK_EVERY_S)
        raise Busy

    def _try_file(self, name: str) -> int | None:
        """Lock this file; None where somebody else has it. Each try opens it: locks belong to the opening."""
        path = self._directory / name
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if isinstance(error, BlockingIOError):
                return None
            raise
        return file

    def _make_directory(self) -> None:
        """Make it, 0700; raises OSError where somebody else was first."""
        try:
            self._directory.mkdir(mode=0o700)
        except FileExistsError:
            found = self._directory.lstat()
            is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
            if not is_ours or found.st_mode & 0o077:
                raise PermissionError(f"{self._directory} is somebody else's, or open to others") from None

    def _say_once(self, error: OSError) -> None:
        if self._is_shared:
            self._is_shared = False
            _log.warning("Each process hashes two passwords at a time, not all together", error=str(error))


def of_this_machine() -> HashSlots:
    """The slots of this user on this machine, whatever the data directory and the database: cores are few.

    Under /tmp, as the sockets of the servers are: a data directory there need not be where DATABASE_URL names
    another server, and one that holds a file before the first `emeter up` is not made ready by it.
    """
    return HashSlots(_PARENT / f"emeter-{os.geteuid()}-hashes")


def _let_others_go_first() -> None:
    """Lower the priority of this thread; Linux alone has one for each."""
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS
            os.setpriority(os.PRIO_PROCESS, thread, niceness)
