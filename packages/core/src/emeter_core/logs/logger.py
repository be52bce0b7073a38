"""What modules log with."""

import logging
from collections.abc import MutableMapping
from typing import Any

_OF_LOGGING = ("exc_info", "stack_info", "stacklevel", "extra")


class FieldLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose keywords are fields of the event: `log.warning("Redis is away", error=text)`.

    The sentence of an event is always the same, and what differs is a field: so events can be counted. What
    is a field must be fit for a log: nothing secret, no more of strangers than helps. None is called `level`
    or `msg`: those are arguments of `logging`.
    """

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:  # noqa: ANN401 - as logging has it
        """Put the fields where the formatter looks for them."""
        known = {name: kwargs.pop(name) for name in _OF_LOGGING if name in kwargs}
        return msg, {**known, "extra": {"fields": dict(kwargs)}}

    def announce(self, event: str, **fields: object) -> None:
        """Tell what others wait for, whatever the level is."""
        record = self.logger.makeRecord(
            self.logger.name, logging.INFO, "", 0, event, (), None, extra={"fields": fields}
        )
        self.logger.handle(record)


def get_logger(name: str) -> FieldLogger:
    """The logger of a module, called by its name."""
    return FieldLogger(logging.getLogger(name), {})
