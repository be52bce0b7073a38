"""What every long-running process begins with: its log, and the wish of others that it ends."""

import logging
import signal
import sys
import threading
from types import FrameType
from typing import Self

_FORMAT = "%(levelname)s %(message)s"


def setup_logging(name: str) -> logging.Logger:
    """Send what is logged to standard error, from INFO on, and return the logger of the process `name`.

    No time and no name are written: `emeter up`, journald and containers put both in front of each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    return logging.getLogger(f"emeter.{name}")


class StopSignal:
    """Whether SIGTERM or SIGINT asked this process to end; waiting for it is how a loop sleeps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @classmethod
    def install(cls) -> Self:
        """Take both signals from now on; call it on the main thread."""
        stop = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop._received)
        return stop

    def is_set(self) -> bool:
        """Say whether the process shall end."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until asked to end, at most `seconds`; returns whether it was asked."""
        return self._event.wait(seconds)

    def set(self) -> None:
        """Ask for the end from within, as a signal does from outside."""
        self._event.set()

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()


class _Formatter(logging.Formatter):
    """The bare message where all is well, its level in front where it is not."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Write the line without its traceback."""
        if record.levelno <= logging.INFO:
            return record.message
        return super().formatMessage(record)
