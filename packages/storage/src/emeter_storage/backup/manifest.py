"""What a backup says of itself: its last word, so that a file which has it is whole."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1
"""Raised when an older version could not read what we write."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Part(_Frozen):
    """A member of the file with its length in bytes."""

    name: str
    size: int = Field(ge=0)
    sha256: str


class Relation(_Frozen):
    """The rows of a table or of one of its partitions: one gzip stream, cut into parts."""

    name: str
    rows: int = Field(ge=0)
    parts: list[Part]


class Table(_Frozen):
    """A table, whose partitions are its relations; a plain one is its own."""

    name: str
    columns: list[str]
    relations: list[Relation]

    @property
    def rows(self) -> int:
        """How many rows all of it has."""
        return sum(relation.rows for relation in self.relations)


class Manifest(_Frozen):
    """All there is to know of a backup. Tables are in the order in which they can be filled.

    `left_out` has a reason for each table, or part of one, whose rows are not in it. `fingerprint` recognises
    the key that the secrets need; `sequences` are the last numbers that were given.
    """

    format: int
    version: str
    revision: str
    made_at: datetime
    fingerprint: str
    has_results: bool
    tables: list[Table]
    left_out: dict[str, str]
    sequences: dict[str, int]
    key: Part | None = None

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(table.rows for table in self.tables)

    @property
    def parts(self) -> list[Part]:
        """All members that hold data."""
        parts = [part for table in self.tables for relation in table.relations for part in relation.parts]
        return [*parts, self.key] if self.key else parts
