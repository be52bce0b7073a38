"""Create status changes and incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123060400"
down_revision = "20261123060300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"],
            ["users.id"],
            name=op.f("incidents_acknowledged_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("incidents_team_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("incidents_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("incidents_public_id_index")),
    )
    op.create_index("incidents_team_id_id_index", "incidents", ["team_id", "id"], unique=True)
    op.create_index(
        "incidents_team_id_open_index",
        "incidents",
        ["team_id"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(
        "incidents_team_id_started_at_index", "incidents", ["team_id", "started_at"], unique=False
    )
    op.create_table(
        "incident_monitors",
        sa.Column("incident_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("monitor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["team_id", "incident_id"],
            ["incidents.team_id", "incidents.id"],
            name="incident_monitors_incident_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id", "monitor_id"],
            ["monitors.team_id", "monitors.id"],
            name="incident_monitors_monitor_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("incident_id", "monitor_id", name=op.f("incident_monitors_pkey")),
    )
    op.create_index("incident_monitors_monitor_id_index", "incident_monitors", ["monitor_id"], unique=False)
    op.create_index(
        "incident_monitors_monitor_id_open_index",
        "incident_monitors",
        ["monitor_id"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "status_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("maintenance", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("unreachable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id", "monitor_id"],
            ["monitors.team_id", "monitors.id"],
            name="status_changes_monitor_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("status_changes_pkey")),
    )
    op.create_index(
        "status_changes_monitor_id_effective_at_index",
        "status_changes",
        ["monitor_id", "effective_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("status_changes_monitor_id_effective_at_index", table_name="status_changes")
    op.drop_table("status_changes")
    op.drop_index(
        "incident_monitors_monitor_id_open_index",
        table_name="incident_monitors",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_index("incident_monitors_monitor_id_index", table_name="incident_monitors")
    op.drop_table("incident_monitors")
    op.drop_index("incidents_team_id_started_at_index", table_name="incidents")
    op.drop_index(
        "incidents_team_id_open_index",
        table_name="incidents",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_index("incidents_team_id_id_index", table_name="incidents")
    op.drop_table("incidents")
