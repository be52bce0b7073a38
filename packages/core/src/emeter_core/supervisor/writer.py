"""The one thread that writes what `emeter up` and its processes say."""

import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

import click

MOST_LINES = 10_000
"""Lines that wait for a reader; what comes while so many do is dropped."""
_LOOK = 0.05


class Writer(threading.Thread):
    """Writes lines in their order; who hands them over never waits for who reads them.

    `spell` makes a line of what it has to say itself.

    A terminal after Ctrl-S or a pipe that nobody empties keeps a write for ever: that may cost lines, but
    neither the processes, which would wait with their checks, nor the end of `emeter up`.
    """

    def __init__(self, stream: TextIO, *, spell: Callable[[str], str] = str) -> None:
        super().__init__(name="console", daemon=True)
        self._stream = stream
        self._spell = spell
        self._changed = threading.Condition()
        self._lines: deque[str] = deque()
        self._accepted = self._written = self._dropped = 0

    def put(self, line: str) -> None:
        """Have a line written, or dropped where too many wait; returns at once."""
        with self._changed:
            # Once it drops, it does so until all that waits is written: one gap, told at its place.
            if self._dropped or len(self._lines) >= MOST_LINES:
                self._dropped += 1
                return
            self._lines.append(line)
            self._accepted += 1
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all lines so far are written, at most `seconds`; returns whether they are."""
        with self._changed:
            goal = self._accepted
            return self._changed.wait_for(lambda: self._written >= goal and not self._dropped, seconds)

    def run(self) -> None:
        """Write for as long as the process lives."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._dropped)
                line = self._lines.popleft() if self._lines else None
            if line is None:
                self._tell_dropped()
                continue
            self._write(line)
            with self._changed:
                self._written += 1
                self._changed.notify_all()

    def _tell_dropped(self) -> None:
        with self._changed:
            count = self._dropped
        self._write(self._spell("1 line was dropped" if count == 1 else f"{count} lines were dropped"))
        with self._changed:
            # Those that were dropped during the write have a note of their own.
            self._dropped -= count
            self._changed.notify_all()

    def _write(self, line: str) -> None:
        try:
            _write_line(self._stream, line)
        except (OSError, ValueError):
            return  # Nobody reads any more; that is no reason to stop checking.


def _write_line(stream: TextIO, line: str) -> None:
    """Write a line, past the buffer of `stream`: Python flushes that at its exit, and would wait there."""
    text = (line if stream.isatty() else click.unstyle(line)) + "\n"
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:
        stream.write(text)
        stream.flush()
        return
    rest = text.encode(stream.encoding, "replace")
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            time.sleep(_LOOK)  # Whoever shares the stream made it non-blocking.
