"""An asyncio loop in a thread of its own, beside the engine: for the kinds that libcurl does not speak.

The engine keeps what is every kind's: the start at the instant, look-ups, the deadline, what is in flight.
"""

import asyncio
import math
import os
import select
import threading
import time
from collections import deque
from functools import partial

from emeter_checker.kinds.base import Check, Work
from emeter_core.outcome import Outcome


class Loop:
    """Runs the coroutines of checks; its thread starts with the first one.

    All methods are for the engine's thread, and so are the ends of checks: a descriptor on the engine's epoll
    rings for them.
    """

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self.sockets: set[int] = set()
        self._inside: _Inside | None = None
        self._running: set[Check] = set()

    def run(self, work: Work, check: Check) -> None:
        """Run `work()` on the loop; the check ends with its outcome."""
        if self._inside is None:
            self._inside = _Inside()
            self.sockets.add(self._inside.bell)
            self._epoll.register(self._inside.bell, select.EPOLLIN)
        self._running.add(check)
        self._inside.want(work, check)

    @property
    def oldest(self) -> float:
        """Since when the work waits that the loop is to take up next; infinity where none does."""
        return self._inside.oldest() if self._inside is not None else math.inf

    def cancel(self, check: Check) -> None:
        """Give the work of a check up, without an answer; does nothing for one that has ended."""
        if self._inside is not None and check in self._running:
            self._running.discard(check)
            self._inside.give_up(check)

    def ready(self, _fd: int, _events: int) -> None:
        """End the checks whose work has ended."""
        if self._inside is None:
            return
        for check, end in self._inside.take_ended():
            self._running.discard(check)
            if isinstance(end, Outcome):
                check.finish(end)
            else:
                check.fail(end)

    def close(self) -> None:
        """Cancel all work and end the thread."""
        if self._inside is not None:
            self._epoll.unregister(self._inside.bell)
            self._inside.close()
            self._inside = None


class _Inside:
    """The thread and its loop. What is wanted and what has ended crosses over in two queues.

    Whoever puts the first thing into an empty queue rings; what comes meanwhile is taken along.
    """

    def __init__(self) -> None:
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wanted: deque[tuple[float, Work, Check]] = deque()
        self._ended: deque[tuple[Check, Outcome | BaseException]] = deque()
        self._tasks: dict[Check, asyncio.Task[Outcome]] = {}
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="engine-loop", daemon=True)
        self._thread.start()

    def want(self, work: Work, check: Check) -> None:
        self._wanted.append((time.monotonic(), work, check))
        if len(self._wanted) == 1:
            self._loop.call_soon_threadsafe(self._begin)

    def oldest(self) -> float:
        try:
            return self._wanted[0][0]
        except IndexError:
            return math.inf

    def give_up(self, check: Check) -> None:
        # Comes after the ring that its beginning was announced by.
        self._loop.call_soon_threadsafe(self._cancel, check)

    def take_ended(self) -> list[tuple[Check, Outcome | BaseException]]:
        os.eventfd_read(self.bell)
        ended = []
        while self._ended:
            ended.append(self._ended.popleft())
        return ended

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        os.close(self.bell)

    def _run(self) -> None:
        with self._runner as runner:
            runner.run(self._until_over())

    async def _until_over(self) -> None:
        await self._over.wait()

    def _begin(self) -> None:
        while self._wanted:
            _, work, check = self._wanted.popleft()
            task = self._tasks[check] = self._loop.create_task(work())
            task.add_done_callback(partial(self._end, check))

    def _cancel(self, check: Check) -> None:
        task = self._tasks.get(check)
        if task is not None:
            task.cancel()

    def _end(self, check: Check, task: asyncio.Task[Outcome]) -> None:
        del self._tasks[check]
        if task.cancelled():
            return
        self._ended.append((check, task.exception() or task.result()))
        if len(self._ended) == 1:
            os.eventfd_write(self.bell, 1)
