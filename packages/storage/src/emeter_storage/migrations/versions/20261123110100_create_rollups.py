"""Create the rollups of quarter hours, hours and days, and what tells how far they are."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123110100"
down_revision = "20261123110000"
branch_labels = None
depends_on = None

STATUSES = ("up", "degraded", "down", "blocked", "no_data", "pending", "paused", "maintenance", "unreachable")


def upgrade() -> None:
    for level in ("quarter", "hour"):
        op.create_table(
            f"rollups_{level}",
            *columns(),
            sa.PrimaryKeyConstraint("monitor_id", "period", name=op.f(f"rollups_{level}_pkey")),
            postgresql_partition_by="RANGE (period)",
        )
    op.create_table(
        "rollups_day",
        *columns(),
        sa.PrimaryKeyConstraint("monitor_id", "period", name=op.f("rollups_day_pkey")),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name=op.f("rollups_day_monitor_id_fkey"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "rollups_dirty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("checks", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("rollups_dirty_pkey")),
    )
    op.create_table(
        "rollups_progress",
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("done_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("monitor_id", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("level", name=op.f("rollups_progress_pkey")),
    )


def downgrade() -> None:
    for table in ("progress", "dirty", "day", "hour", "quarter"):
        op.drop_table(f"rollups_{table}")


def columns() -> list[sa.Column[Any]]:
    """Those of every level, by their width."""
    return [
        sa.Column("total_us", sa.BigInteger(), nullable=False),
        *(sa.Column(f"{status}_us", sa.BigInteger(), nullable=True) for status in STATUSES),
        sa.Column("monitor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("checks", "ok", "failures")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("min_us", "max_us")),
        *(
            sa.Column(name, sa.REAL(), nullable=True)
            for name in ("dns_us", "connect_us", "tls_us", "wait_us")
        ),
        sa.Column("histogram", sa.LargeBinary(), nullable=True),
    ]
