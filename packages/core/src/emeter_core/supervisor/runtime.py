"""The wish of others that this process ends."""

import math
import os
import select
import signal
import weakref
from contextlib import suppress
from types import FrameType
from typing import Self


class StopSignal:
    """Whether SIGTERM or SIGINT asked this process to end; waiting for it is how a loop sleeps.

    A flag and a pipe, no `threading.Event`: a signal may come while its own wait holds the event's lock, and
    the handler would wait for that lock for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        weakref.finalize(self, _close, self._reader, self._writer)

    @classmethod
    def install(cls) -> Self:
        """Take both signals from now on; call it on the main thread."""
        stop = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop._received)
        return stop

    def is_set(self) -> bool:
        """Say whether the process shall end."""
        return self._is_set

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until asked to end, at most `seconds`; returns whether it was asked."""
        if not self._is_set:
            poll = select.poll()
            poll.register(self._reader, select.POLLIN)
            poll.poll(None if seconds is None else math.ceil(seconds * 1000))
        return self._is_set

    def set(self) -> None:
        """Ask for the end from within, as a signal does from outside."""
        self._is_set = True
        # Nobody reads what is written, so everyone who waits wakes; a full pipe does it as well.
        with suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.set()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
