"""Lengths of time in four bytes: what a check or a run took, from a microsecond to days. Pure.

Up to 35 min 47 s a column holds microseconds. What is longer, as a backup is, it holds as milliseconds with a
minus: within half of one, and 24 days at most. A column of eight bytes would cost as many more per result.
"""

from sqlalchemy import Dialect, Integer
from sqlalchemy.types import TypeDecorator

_EXACT_US = 2_147_483_647
_MOST_MS = 2_147_483_648

LONGEST_US = _MOST_MS * 1000
"""The longest that is told, 24.8 days; what is longer is told as that."""


def to_stored(us: int) -> int:
    """What a column holds of a length; of a negative one nothing."""
    if us <= _EXACT_US:
        return max(0, us)
    # Rounded, not cut: no long length is told as shorter than one that is held whole.
    return -min((us + 500) // 1000, _MOST_MS)


def from_stored(stored: int) -> int:
    """The microseconds that a column holds."""
    return stored if stored >= 0 else stored * -1000


def sql_to_stored(us: str) -> str:
    """SQL for `to_stored` of a bigint that is not negative; NULL stays NULL."""
    return f"(CASE WHEN {us} > {_EXACT_US} THEN -least(({us} + 500) / 1000, {_MOST_MS}) ELSE {us} END)::int"


def sql_from_stored(column: str) -> str:
    """SQL for `from_stored`, a bigint: for whatever compares, sorts or adds up."""
    return f"(CASE WHEN {column} < 0 THEN {column} * -1000::bigint ELSE {column} END)"


class Microseconds(TypeDecorator[int]):
    """A column of such lengths. Statements in plain SQL see what is stored: see `sql_from_stored`."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """Store a length."""
        return None if value is None else to_stored(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """Read a length."""
        return None if value is None else from_stored(value)
