"""Where `emeter up` and its processes speak: one stream, whole lines, each with its speaker in front."""

import threading
import time
from collections.abc import Sequence
from typing import IO, TextIO

import click

from emeter_core.supervisor.writer import Writer

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
_LONGEST_LINE = 8192
_LAST_LINES = 1.0


class Console:
    """Takes lines from many threads for one stream, never waiting for it; colours only on a terminal."""

    def __init__(self, stream: TextIO, names: Sequence[str]) -> None:
        self._width = max(map(len, names), default=0)
        self._colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
        self._writer = Writer(stream)
        self._writer.start()

    def say(self, text: str) -> None:
        """Write a line of `emeter up` itself."""
        self._writer.put(text)

    def line(self, name: str, text: str) -> None:
        """Write a line of the process `name`, or about it."""
        head = f"{time.strftime('%H:%M:%S')} {name:<{self._width}} |"
        self.say(f"{click.style(head, fg=self._colours.get(name))} {printable(text)}")

    def flush(self) -> None:
        """Have all lines so far written; gives up after a second, as then nobody reads."""
        self._writer.flush(_LAST_LINES)


class Forwarder(threading.Thread):
    """The thread that hands on what one process says, and watches for the word that it is ready."""

    def __init__(self, console: Console, speaker: str, stream: IO[bytes], ready_word: str) -> None:
        super().__init__(name=f"output of {speaker}", daemon=True)
        self.ready = threading.Event()
        self._console, self._speaker, self._stream = console, speaker, stream
        self._ready_word = ready_word

    def run(self) -> None:
        """Forward until the stream ends."""
        with self._stream:
            for raw in iter(lambda: self._stream.readline(_LONGEST_LINE), b""):
                text = raw.decode("utf-8", "replace").rstrip()
                self._console.line(self._speaker, text)
                if self._ready_word and self._ready_word in text:
                    self.ready.set()


def printable(text: str) -> str:
    """Leave out what would steer the terminal: a target's answer may be part of a line."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
