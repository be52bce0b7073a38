"""Key results in each partition, on the probe and the milliseconds of the day: half as wide as before."""

import re

import sqlalchemy as sa
from alembic import op

revision = "20261123110000"
down_revision = "20261123093000"
branch_labels = None
depends_on = None

KEY = (
    "(probe_id, ((floor(date_part('epoch', slot - timestamptz '2000-01-01 00:00+00') * 1000 + 0.0005)::bigint"
    " % 86400000)::int))"
)


def upgrade() -> None:
    for name in partitions():
        index_concurrently(name, f"{name}_key", KEY)
    op.drop_constraint("results_pkey", "results")


def downgrade() -> None:
    names = partitions()
    for name in names:
        # The version before reads phases of 32 bits alone.
        op.execute(f"UPDATE {name} SET phases = {whole_phases()} WHERE length(phases) = 8")  # noqa: S608 - a name of ours
        index_concurrently(name, f"{name}_pkey", "(probe_id, slot)")
    op.execute("ALTER TABLE ONLY results ADD CONSTRAINT results_pkey PRIMARY KEY (probe_id, slot)")
    for name in names:
        key = f"{name}_pkey"
        op.execute(f"ALTER TABLE {name} ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {key}")
        op.execute(f"ALTER INDEX results_pkey ATTACH PARTITION {key}")
        op.execute(f"DROP INDEX IF EXISTS {name}_key")


def partitions() -> list[str]:
    """The partitions of results; their names are ours, but they go into statements."""
    query = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'results'::regclass ORDER BY 1"
    )
    names = op.get_bind().execute(sa.text(query)).scalars()
    return [name for name in names if re.fullmatch(r"results_\d{8}", name)]


def index_concurrently(table: str, name: str, columns: str) -> None:
    """Make a unique index while others write, however long that takes."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().execute(sa.text("SHOW statement_timeout")).scalar()
        op.execute("SET statement_timeout = 0")
        # One that was broken off is there, and invalid.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}")
        op.execute(f"SET statement_timeout = '{limit}'")


def whole_phases() -> str:
    """SQL for phases of 32 bits out of those of 16: 4 of exponent over 12 of mantissa."""
    parts = []
    for place in range(0, 8, 2):
        short = f"(get_byte(phases, {place}) << 8 | get_byte(phases, {place + 1}))"
        long = f"(({short} & 4095) + 4096) << (({short} >> 12) - 1)"
        parts.append(f"int4send(CASE WHEN {short} < 8192 THEN {short} ELSE {long} END)")
    return " || ".join(parts)
