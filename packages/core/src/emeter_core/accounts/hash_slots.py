"""Room for two password hashes at a time, and a bounded queue before it.

bcrypt gives the interpreter free: without a bound, people who log in take every core from the pages, and
without an end of the queue a flood of log-ins takes every thread.

The two are those of one user of the operating system on one machine, in all their processes. Installations
of several users on a machine have two each: a place where all could lock files would be open to any of them.
"""

import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from emeter_core.accounts.slot_files import SlotFiles
from emeter_core.logs import get_logger
from emeter_storage.errors import UserError

T = TypeVar("T")

AT_ONCE = 2
# With a quarter of a second a hash, the last in the queue waits for eight seconds, and a quarter of the web
# server's threads are here.
_MOST_WAITING = 64
# These places nobody but the first takes: whoever floods the queue cannot shut them out.
_KEPT = 16
# Of each account so many are first at a time: a person has no more, and who has an account of their own does
# not fill what is kept for all.
_FIRST_OF_ONE = 3
_PATIENCE_S = 10.0
# Where all cores are taken, a page gets three times as much of them as a hash.
_NICENESS = 5
_PARENT = Path("/tmp")  # noqa: S108 - the name in it is checked for squatters each time
_log = get_logger("emeter.accounts")


class Busy(UserError):  # noqa: N818 - as its neighbours NotFound and Invalid
    """So many passwords are being hashed that there is no room for another one; try again soon."""

    def __init__(self) -> None:
        super().__init__("Too many passwords are being checked at this moment. Try again in a few seconds.")


class _Job:
    """What is to be done in a slot, and what became of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.future: Future[Any] = Future()

    def do(self) -> None:
        if self.future.set_running_or_notify_cancel():
            try:
                self.future.set_result(self._work())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                self.future.set_exception(error)


class HashSlots:
    """Two slots that all processes of this user share: files in `directory`, locked by who hashes.

    Where the directory cannot be used, each process has two of its own, and says so once.
    """

    def __init__(self, directory: Path) -> None:
        self._files = SlotFiles(directory, AT_ONCE)
        # Threads of their own, for a thread of ours could not take back that it let others go first.
        self._threads = ThreadPoolExecutor(AT_ONCE, "hash", initializer=_let_others_go_first)
        self._lock = threading.Lock()
        self._present = 0
        self._first_of: Counter[Hashable] = Counter()
        self._first: deque[_Job] = deque()
        self._others: deque[_Job] = deque()
        self._is_shared = True

    def run(self, work: Callable[[], T], *, first: Hashable = None) -> T:
        """Do the work in a slot. Raises Busy where the queue is full, or moves too slowly.

        `first` is the account for whose known device it is, if any: three at a time of each account take the
        next slot that is free in any process, and the places that are kept from everybody else.
        """
        with self._place(first) as queue:
            job = _Job(work)
            queue.append(job)
            self._threads.submit(self._do_next)
            wait([job.future], timeout=_PATIENCE_S)
            if job.future.cancel():
                with suppress(ValueError):  # whoever took it just now finds it cancelled
                    queue.remove(job)
                raise Busy
            result: T = job.future.result()
            return result

    @contextmanager
    def _place(self, first: Hashable) -> Iterator[deque[_Job]]:
        """Take a place; what it yields is the queue in which it is."""
        with self._lock:
            is_first = first is not None and self._first_of[first] < _FIRST_OF_ONE
            if self._present >= AT_ONCE + _MOST_WAITING - (0 if is_first else _KEPT):
                raise Busy
            self._present += 1
            who = Counter([first] if is_first else [])
            self._first_of += who
        try:
            yield self._first if is_first else self._others
        finally:
            with self._lock:
                self._present -= 1
                self._first_of -= who

    def _do_next(self) -> None:
        """Wait for a slot, and only then choose what is done in it: there are as many calls as jobs."""
        try:
            file = self._files.wait(lambda: bool(self._first or self._others), lambda: bool(self._first))
        except OSError as error:
            self._say_once(error)
            self._do_one()
            return
        if file is not None:
            try:
                self._do_one()
            finally:
                os.close(file)

    def _do_one(self) -> None:
        for queue in (self._first, self._others):
            with suppress(IndexError):
                job = queue.popleft()
                break
        else:
            return
        job.do()

    def _say_once(self, error: OSError) -> None:
        if self._is_shared:
            self._is_shared = False
            _log.warning("Each process hashes two passwords at a time, not all together", error=str(error))


def of_this_user() -> HashSlots:
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
