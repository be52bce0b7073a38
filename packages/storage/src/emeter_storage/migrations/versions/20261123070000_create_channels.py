"""Create channels, and let deliveries and incidents say more."""

import sqlalchemy as sa
from alembic import op

revision = "20261123070000"
down_revision = "20261123060600"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('mail', 'webhook')", name=op.f("channels_kind_check")),
        sa.CheckConstraint("kind <> 'webhook' OR secret IS NOT NULL", name=op.f("channels_secret_check")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("channels_team_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("channels_pkey")),
    )
    op.create_index("channels_team_id_id_index", "channels", ["team_id", "id"], unique=True)
    op.create_index("channels_team_id_kind_index", "channels", ["team_id", "kind"], unique=True)
    # Nothing has written deliveries so far, so the locks of the table are short.
    op.add_column("deliveries", sa.Column("channel_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "deliveries_channel_id_fkey",
        "deliveries",
        "channels",
        ["team_id", "channel_id"],
        ["team_id", "id"],
        ondelete="SET NULL (channel_id)",
    )
    op.create_index("deliveries_channel_id_index", "deliveries", ["channel_id"], unique=False)
    op.create_index(
        "deliveries_incident_id_channel_id_event_index",
        "deliveries",
        ["incident_id", "channel_id", "event"],
        unique=True,
    )
    op.drop_index("deliveries_incident_id_index", table_name="deliveries")
    op.add_column("incidents", sa.Column("resolution", sa.String(length=10), nullable=True))
    op.create_check_constraint(
        op.f("incidents_resolution_check"), "incidents", "resolution IN ('recovered', 'deleted')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("incidents_resolution_check"), "incidents", type_="check")
    op.drop_column("incidents", "resolution")
    op.create_index("deliveries_incident_id_index", "deliveries", ["incident_id"], unique=False)
    op.drop_index("deliveries_incident_id_channel_id_event_index", table_name="deliveries")
    op.drop_index("deliveries_channel_id_index", table_name="deliveries")
    op.drop_constraint("deliveries_channel_id_fkey", "deliveries", type_="foreignkey")
    op.drop_column("deliveries", "channel_id")
    op.drop_index("channels_team_id_kind_index", table_name="channels")
    op.drop_index("channels_team_id_id_index", table_name="channels")
    op.drop_table("channels")
