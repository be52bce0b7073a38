"""How a long-running process begins to log."""

import logging
import sys
import threading
from types import TracebackType

from emeter_core.logs.logger import FieldLogger, get_logger
from emeter_core.logs.settings import LogSettings

_DEFAULT = LogSettings()


def setup_logging(process: str, settings: LogSettings = _DEFAULT) -> FieldLogger:
    """Send all that this process logs to standard error; returns the logger of `process`.

    That is what our modules and libraries log, warnings of Python, and exceptions that nobody took.
    """
    # Imported here: see the package.
    from emeter_core.logs.formatter import make_formatter  # noqa: PLC0415

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(make_formatter(process, settings, on_terminal=sys.stderr.isatty()))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    log = get_logger(f"emeter.{process}")
    _take_exceptions(log)
    return log


def _take_exceptions(log: FieldLogger) -> None:
    def of_the_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("This is a bug in E-Meter: the process ends", exc_info=(kind, error, trace))

    def of_a_thread(told: threading.ExceptHookArgs) -> None:
        error = told.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        name = told.thread.name if told.thread is not None else ""
        log.critical("This is a bug in E-Meter: a thread ends", exc_info=error, thread=name)

    sys.excepthook = of_the_process
    threading.excepthook = of_a_thread
