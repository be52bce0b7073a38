"""Create claims, results in daily partitions, and gaps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123060300"
down_revision = "20261123060200"
branch_labels = None
depends_on = None

# Written with every check: half of each page stays free for the next version of a row, and the vacuum
# comes after a few thousand dead rows rather than after a fifth of the table.
HOT = {
    "fillfactor": 50,
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 5000,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_analyze_threshold": 20000,
}


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("probe_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hinted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("probe_id", "slot", name=op.f("claims_pkey")),
        postgresql_with=HOT,
    )
    op.create_table(
        "results",
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total_us", sa.Integer(), nullable=False),
        sa.Column("late_ms", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("phases", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("probe_id", "slot", name=op.f("results_pkey")),
        postgresql_partition_by="RANGE (slot)",
    )
    op.create_table(
        "gaps",
        sa.Column("probe_id", sa.Integer(), nullable=False),
        sa.Column("first_slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["probe_id"], ["probes.id"], name=op.f("gaps_probe_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("probe_id", "first_slot", name=op.f("gaps_pkey")),
    )


def downgrade() -> None:
    op.drop_table("gaps")
    op.drop_table("results")
    op.drop_table("claims")
