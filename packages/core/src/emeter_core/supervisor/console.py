"""Where `emeter up` and its processes speak: one stream, whole lines, each with its speaker."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, TextIO

import click

from emeter_core.logs import LogSettings
from emeter_core.logs.words import escaped, printable
from emeter_core.supervisor.writer import Writer

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
_LONGEST_LINE = 256 * 1024
_LAST_LINES = 1.0
_ERROR = "Error: "
_TEXT = LogSettings("text")


class Console:
    """Takes events from many threads for one stream, never waiting for it.

    As text each line begins with the time and its speaker, coloured on a terminal; as JSON each line is an
    object that names them.
    """

    def __init__(self, stream: TextIO, names: Sequence[str], log: LogSettings = _TEXT) -> None:
        self._width = max(map(len, names), default=0)
        self._colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
        on_terminal = not stream.closed and stream.isatty()
        self.is_json = log.is_json(on_terminal=on_terminal)
        self._render = None if self.is_json else _renderer(colours=on_terminal)
        self._writer = Writer(stream, spell=partial(_as_json, "up", "warning") if self.is_json else str)
        self._writer.start()

    def say(self, text: str, **fields: object) -> None:
        """Write a line of `emeter up` itself; the fields are for programs, people have them in the text."""
        self._writer.put(_as_json("up", "info", text, **fields) if self.is_json else text)

    def line(self, name: str, text: str, level: str = "info") -> None:
        """Write what `emeter up` has to say about the process `name`."""
        if self.is_json:
            self._writer.put(_as_json("up", level, text, about=name))
        else:
            self._put_text(name, printable(text))

    def hand_on(self, name: str, text: str) -> None:
        """Write a line that the process `name` has written: an event, or what somebody printed."""
        event = _event_in(text)
        if self._render is None:
            self._writer.put(text if event is not None else _printed(name, text))
        elif event is None:
            self._put_text(name, printable(text))
        else:
            event.pop("time", None)
            self._put_text(name, self._render(event))

    def flush(self) -> None:
        """Have all lines so far written; gives up after a second, as then nobody reads."""
        self._writer.flush(_LAST_LINES)

    def _put_text(self, name: str, text: str) -> None:
        head = f"{time.strftime('%H:%M:%S')} {name:<{self._width}} |"
        styled = click.style(head, fg=self._colours.get(name))
        self._writer.put("\n".join(f"{styled} {line}" for line in text.split("\n")))


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
                self._console.hand_on(self._speaker, text)
                if self._ready_word and self._ready_word in text:
                    self.ready.set()


def _renderer(*, colours: bool) -> Callable[[dict[str, Any]], str]:
    # Imported here: where JSON is written, nobody needs structlog, which takes 90 ms.
    from emeter_core.logs.text import make_renderer  # noqa: PLC0415

    return make_renderer(colours=colours)


def _event_in(text: str) -> dict[str, Any] | None:
    """The event that a process of ours has logged; None for anything else."""
    if not text.startswith("{"):
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _printed(name: str, text: str) -> str:
    """What was printed instead of logged, as the last words of a process that cannot start."""
    level = "error" if text.startswith(_ERROR) else "info"
    return _as_json(name, level, text.removeprefix(_ERROR))


def _as_json(process: str, level: str, text: str, **fields: object) -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event: Mapping[str, object] = {"time": moment, "level": level, "process": process}
    if process == "up":
        event = {**event, "pid": os.getpid()}
    return escaped(json.dumps({**event, "event": text.strip(), **fields}, ensure_ascii=False, default=str))
