"""What went wrong, in words for the person who can mend it."""

from dataclasses import dataclass

import redis
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from emeter_storage.errors import UserError, describe_database_error
from emeter_storage.settings import StorageSettings

# From PostgreSQL's "Appendix A. Error Codes": undefined_table, undefined_column, undefined_function.
_NOT_MIGRATED = frozenset({"42P01", "42703", "42883"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Lines for stderr, the exit code, and whether it is our fault."""

    lines: tuple[str, ...]
    exit_code: int = 1
    is_bug: bool = False


def explain(error: Exception) -> Failure:
    """Say what went wrong and what to do about it."""
    if isinstance(error, UserError):
        return Failure(tuple(str(error).splitlines()), error.exit_code)
    if isinstance(error, DBAPIError):
        return _database(error)
    if isinstance(error, ArgumentError):
        return Failure((f"Bad setting DATABASE_URL: {error}",))
    if isinstance(error, redis.RedisError):
        return Failure(
            (f"Redis does not do its part: {error}. Start it with `emeter up`, or set REDIS_URL.",)
        )
    if isinstance(error, OSError) and error.strerror:
        return Failure((f"{error.filename}: {error.strerror}" if error.filename else error.strerror,))
    return Failure((f"This is a bug in E-Meter: {_one_line(error)}",), is_bug=True)


def _database(error: DBAPIError) -> Failure:
    if getattr(error.orig, "pgcode", None) in _NOT_MIGRATED:
        return Failure(("The database lacks migrations: run `emeter db upgrade`.",))
    if not isinstance(error, OperationalError | InterfaceError):
        return Failure((f"This is a bug in E-Meter: {_one_line(error.orig or error)}",), is_bug=True)
    settings = StorageSettings.load()
    # The driver is our affair: shown is what a person would write.
    url = settings.database.replace("postgresql+psycopg2://", "postgresql://", 1)
    what = describe_database_error(error, url).rstrip(".")
    if settings.database_url:
        return Failure((f"{what}. Is DATABASE_URL right, and does that server run?",))
    return Failure((f"{what}. Start it with `emeter up`, or set DATABASE_URL.",))


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
