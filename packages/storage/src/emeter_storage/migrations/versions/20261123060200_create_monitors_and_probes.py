"""Create monitors, the locations they are seen from, and their probes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123060200"
down_revision = "20261123060100"
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
        "locations",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("locations_pkey")),
        sa.UniqueConstraint("name", name=op.f("locations_name_index")),
    )
    op.execute("INSERT INTO locations (name, inserted_at) VALUES ('local', now())")
    op.create_table(
        "monitors",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("down_after", sa.SmallInteger(), nullable=False),
        sa.Column("up_after", sa.SmallInteger(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("condition_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "condition IN ('pending', 'up', 'degraded', 'down', 'blocked', 'no_data')",
            name=op.f("monitors_condition_check"),
        ),
        sa.CheckConstraint(
            "down_after BETWEEN 1 AND 20 AND up_after BETWEEN 1 AND 20",
            name=op.f("monitors_thresholds_check"),
        ),
        sa.CheckConstraint(
            "interval_seconds BETWEEN 5 AND 86400", name=op.f("monitors_interval_seconds_check")
        ),
        sa.CheckConstraint(
            "timeout_seconds BETWEEN 1 AND 60 AND timeout_seconds <= interval_seconds",
            name=op.f("monitors_timeout_check"),
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("monitors_team_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("monitors_pkey")),
        sa.UniqueConstraint("public_id", name=op.f("monitors_public_id_index")),
    )
    op.create_index("monitors_team_id_id_index", "monitors", ["team_id", "id"], unique=True)
    op.create_index("monitors_team_id_name_index", "monitors", ["team_id", "name"], unique=False)
    op.create_table(
        "probes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("interval_ms", sa.Integer(), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.Column("next_slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_slot", sa.DateTime(timezone=True), nullable=True),
        sa.Column("streak_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("streak_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certificate_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_total_us", sa.Integer(), nullable=True),
        sa.Column("last_code", sa.SmallInteger(), nullable=True),
        sa.Column("last_reason", sa.SmallInteger(), nullable=True),
        sa.Column("failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("successes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("incident_open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("probes_location_id_fkey")),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name=op.f("probes_monitor_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("probes_pkey")),
        postgresql_with=HOT,
    )
    op.create_index(
        "probes_monitor_id_location_id_index", "probes", ["monitor_id", "location_id"], unique=True
    )


def downgrade() -> None:
    op.drop_index("probes_monitor_id_location_id_index", table_name="probes")
    op.drop_table("probes")
    op.drop_index("monitors_team_id_name_index", table_name="monitors")
    op.drop_index("monitors_team_id_id_index", table_name="monitors")
    op.drop_table("monitors")
    op.drop_table("locations")
