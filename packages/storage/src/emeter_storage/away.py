"""A database that does not do its part: which errors say so, and what they say."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

AWAY = (DBAPIError, PoolTimeoutError)
"""What any statement may raise for a reason that is not its own; the same may go well later."""


def is_gone(error: Exception) -> bool:
    """Whether there is no connection any more, or none to be had: not one statement alone that failed."""
    if isinstance(error, InterfaceError | PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    # Of a connection that was never made PostgreSQL has said nothing, so there is no code.
    has_code = getattr(error.orig, "pgcode", None) is not None
    return error.connection_invalidated or (isinstance(error, OperationalError) and not has_code)


def first_line(error: Exception) -> str:
    """What the driver says, without the statement and hints that follow."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
