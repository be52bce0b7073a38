"""Logs: events with fields, readable on a terminal, a JSON object a line elsewhere.

Modules log by `get_logger`, libraries by `logging`; both end in the one handler of `setup_logging`. To import
structlog takes 90 ms (measured), so only who sets a log up pays for it: `emeter check` does not.
"""

from emeter_core.logs.logger import FieldLogger, get_logger
from emeter_core.logs.settings import LogSettings
from emeter_core.logs.setup import setup_logging

__all__ = ["FieldLogger", "LogSettings", "get_logger", "setup_logging"]
