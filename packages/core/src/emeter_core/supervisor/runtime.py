"""What every long-running process begins with: its log, and the wish of others that it ends."""

import logging
import math
import os
import re
import select
import signal
import sys
import weakref
from contextlib import suppress
from types import FrameType
from typing import Self

_FORMAT = "%(levelname)s %(message)s"
# A token of 32 bytes as links carry it, or what is longer. Libraries log what they could not read, paths too.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}", re.ASCII)


def setup_logging(name: str) -> logging.Logger:
    """Send what is logged to standard error, from INFO on, and return the logger of the process `name`.

    No time and no name are written: `emeter up`, journald and containers put both in front of each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    return logging.getLogger(f"emeter.{name}")


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


class _Formatter(logging.Formatter):
    """The bare message where all is well, its level in front where it is not; no token in either."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Write the line and its traceback, without what may be the token of a link or a session."""
        return _TOKEN.sub("[hidden]", super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Write the line without its traceback."""
        if record.levelno <= logging.INFO:
            return record.message
        return super().formatMessage(record)
