"""Errors that a person can mend, and the words for a database that does not answer."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError


class UserError(Exception):
    """A mistake or condition that a person can mend; printed as one line, never as a traceback."""

    exit_code = 1


def describe_database_error(error: DBAPIError, url: str) -> str:
    """Say in one line why the database at `url` did not do its part; never shows the password."""
    try:
        where = make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        where = "DATABASE_URL"
    lines = [line.strip() for line in str(error.orig or error).splitlines() if line.strip()]
    return f"The database at {where} does not answer: {lines[0] if lines else type(error).__name__}"
