"""What SQLAlchemy knows of a finished statement, with its type."""

from typing import Any

from sqlalchemy import CursorResult, Result


def affected_rows(result: Result[*tuple[Any, ...]]) -> int:
    """How many rows an INSERT, UPDATE or DELETE touched; raises TypeError for the result of anything else."""
    if not isinstance(result, CursorResult):
        raise TypeError(f"{type(result).__name__} does not count rows")
    return int(result.rowcount)
