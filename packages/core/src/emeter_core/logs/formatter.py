"""The one formatter of a process: every record of `logging` as an event of structlog, then as a line."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from structlog.processors import ExceptionRenderer, JSONRenderer
from structlog.stdlib import ProcessorFormatter, add_log_level
from structlog.typing import EventDict, WrappedLogger

from emeter_core.logs.settings import LogSettings
from emeter_core.logs.text import make_renderer
from emeter_core.logs.words import LONGEST, LONGEST_TRACEBACK, escaped, shortened, without_tokens

_FIRST = ("time", "level", "process", "pid", "event")
_LONG = {"exception": LONGEST_TRACEBACK}


def make_formatter(process: str, settings: LogSettings, *, on_terminal: bool) -> logging.Formatter:
    """JSON or text, as the settings have it for where the lines go."""
    if settings.is_json(on_terminal=on_terminal):
        return HidingFormatter(json_line, _as_json(process))
    return HidingFormatter(make_renderer(colours=on_terminal), _with_short_time)


class HidingFormatter(ProcessorFormatter):
    """A formatter that leaves out what may be the token of a link or a session, wherever it stands."""

    def __init__(
        self,
        render: Callable[[EventDict], str],
        complete: Callable[[logging.LogRecord, EventDict], EventDict],
    ) -> None:
        def completed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
            return complete(event["_record"], event)

        def rendered(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
            return render(event)

        super().__init__(
            foreign_pre_chain=[add_log_level, _add_fields, ExceptionRenderer()],
            processors=[completed, ProcessorFormatter.remove_processors_meta, _shorten, rendered],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        return without_tokens(super().format(record))


def json_line(event: Mapping[str, Any]) -> str:
    """An event as JSON, on one line that steers no terminal; what JSON does not know is its text."""
    return escaped(str(_DUMP(None, "", {**event})))


_DUMP = JSONRenderer(json.dumps, ensure_ascii=False, default=str)


def _add_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    fields = getattr(record, "fields", None)
    return {**fields, **event} if isinstance(fields, dict) else event


def _as_json(process: str) -> Callable[[logging.LogRecord, EventDict], EventDict]:
    def complete(record: logging.LogRecord, event: EventDict) -> EventDict:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        ours: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": event.pop("level", "info"),
            "process": process,
            "pid": os.getpid(),
            "event": event.pop("event"),
        }
        return {
            **ours,
            **{key: value for key, value in event.items() if key not in _FIRST},
            "logger": record.name,
        }

    return complete


def _with_short_time(record: logging.LogRecord, event: EventDict) -> EventDict:
    moment = time.strftime("%H:%M:%S", time.localtime(record.created))
    return {**event, "time": moment}


def _shorten(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: shortened(value, _LONG.get(key, LONGEST)) if isinstance(value, str) else value
        for key, value in event.items()
    }
