"""An event as text: its level where it is bad, what happened, then the fields; a traceback below."""

from collections.abc import Callable, MutableMapping
from typing import Any

from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter, plain_traceback

from emeter_core.logs.words import printable

Event = MutableMapping[str, Any]

_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_LEVELS = {"debug": _DIM, "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m" + _BOLD}
_IN_QUOTES = frozenset(" \t=\n\"'")
# In front of every line of `emeter up`, or known on the terminal of one process.
_NOT_SHOWN = ("process", "pid", "logger")


def make_renderer(*, colours: bool) -> Callable[[Event], str]:
    """What makes the text of an event; a field `time` comes first where there is one."""

    def styled(style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if colours and style else text

    def moment(key: str, value: object) -> str:  # noqa: ARG001 - as structlog calls it
        return styled(_DIM, str(value))

    def event(key: str, value: object) -> str:  # noqa: ARG001 - the same
        return str(value)

    def level(key: str, value: object) -> str:  # noqa: ARG001 - the same
        name = str(value)
        return "" if name == "info" else styled(_LEVELS.get(name, ""), name.upper())

    style, reset = (_DIM, _RESET) if colours else ("", "")
    renderer = ConsoleRenderer(
        exception_formatter=plain_traceback,
        sort_keys=False,
        columns=[
            Column("time", moment),
            Column("level", level),
            Column("event", event),
            Column("", KeyValueColumnFormatter(style, "", reset, _spelled)),
        ],
    )

    def render(told: Event) -> str:
        shown = {key: _shown(value) for key, value in told.items() if key not in _NOT_SHOWN}
        return renderer(None, "", shown)

    return render


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def _spelled(value: object) -> str:
    if isinstance(value, str):
        return repr(value) if not value or _IN_QUOTES & set(value) else value
    return printable(str(value))
