"""Where other threads hand checks over to the engine."""

import os
import select
import threading
from collections import deque
from collections.abc import Iterator, Sequence

from emeter_checker.engine.job import Scheduled


class Intake:
    """A queue whose descriptor is ready as long as something was put in and not taken."""

    def __init__(self, epoll: select.epoll) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.is_shut = False
        """Whether nothing more is taken in."""
        self._queue: deque[Scheduled] = deque()
        self._is_open = True
        self._lock = threading.Lock()
        epoll.register(self.fd, select.EPOLLIN)

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, checks: Sequence[Scheduled]) -> None:
        """Hand over checks, from any thread; raises RuntimeError once it is shut."""
        with self._lock:
            if self.is_shut:
                raise RuntimeError("the engine is stopped")
            self._queue.extend(checks)
            os.eventfd_write(self.fd, 1)

    def shut(self) -> None:
        """Take no more, and wake the engine; from any thread, as often as one likes."""
        with self._lock:
            self.is_shut = True
            if self._is_open:
                os.eventfd_write(self.fd, 1)

    def heard(self) -> None:
        """Let the descriptor be ready no longer."""
        os.eventfd_read(self.fd)

    def take(self) -> Iterator[Scheduled]:
        """Take out all that was handed over."""
        while self._queue:
            yield self._queue.popleft()

    def close(self) -> None:
        """Let go of the descriptor: another file may have its number afterwards."""
        with self._lock:
            self._is_open = False
            self.is_shut = True
            os.close(self.fd)
