"""Which tables there are and how they hang together, asked of the database itself."""

from dataclasses import dataclass
from graphlib import TopologicalSorter

from sqlalchemy import Connection, text

from emeter_storage.partitions import is_partition

VERSIONS = "alembic_version"
"""Alembic's own table: the manifest has its only row."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where rows are: a table or a partition, with its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    """A table of the database, without the columns that it makes itself."""

    name: str
    columns: tuple[str, ...]
    leaves: tuple[Leaf, ...]


def tables(connection: Connection) -> list[Found]:
    """All tables of ours, those that others refer to first; partitions are leaves of theirs.

    Raise `graphlib.CycleError` where tables refer to each other in a circle: no order could fill them.
    """
    found = {
        name: Found(name, tuple(columns), _leaves(connection, oid))
        for oid, name, columns in connection.execute(_TABLES)
        # A partition that is about to be dropped is a table for a moment.
        if name != VERSIONS and not is_partition(name)
    }
    order = TopologicalSorter({name: set[str]() for name in found})
    for name, other in connection.execute(_REFERENCES):
        if name in found and other in found:
            order.add(name, other)
    return [found[name] for name in order.static_order()]


def references(connection: Connection) -> set[tuple[str, str]]:
    """Each table with one that its rows refer to."""
    return {(name, other) for name, other in connection.execute(_REFERENCES)}


def sequences(connection: Connection) -> dict[str, int]:
    """The last number that each sequence gave; those that gave none are left out."""
    return {name: value for name, value in connection.execute(_SEQUENCES) if value is not None}


def quoted(connection: Connection, name: str) -> str:
    """A name as it stands in a statement."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _leaves(connection: Connection, oid: int) -> tuple[Leaf, ...]:
    return tuple(Leaf(name, size) for name, size in connection.execute(_LEAVES, {"oid": oid}))


# What belongs to an extension is made with it.
_TABLES = text("""
SELECT c.oid, c.relname, ARRAY(
  SELECT a.attname::text FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum
)
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY c.relname
""")
_LEAVES = text("""
SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c
WHERE c.relkind = 'r' AND (c.oid = CAST(:oid AS oid) OR c.oid IN (
  SELECT relid FROM pg_partition_tree(CAST(:oid AS oid)) WHERE isleaf
))
ORDER BY c.relname
""")
_REFERENCES = text("""
SELECT c.relname, r.relname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
WHERE k.contype = 'f' AND c.oid <> r.oid AND c.relnamespace = current_schema()::regnamespace
ORDER BY c.relname, r.relname
""")
_SEQUENCES = text(
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1"
)
