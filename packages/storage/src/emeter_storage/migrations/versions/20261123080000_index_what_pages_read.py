"""Index what pages read: histories in the order of their writing, the newest gaps, what is to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "20261123080000"
down_revision = "20261123070100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "status_changes_monitor_id_id_index",
        "status_changes",
        ["monitor_id", "id"],
        unique=False,
        postgresql_include=["effective_at", "reason", "condition", "paused", "maintenance", "unreachable"],
    )
    op.drop_index("status_changes_monitor_id_effective_at_index", table_name="status_changes")
    op.create_index("gaps_last_slot_index", "gaps", ["last_slot"], unique=False)
    op.create_index(
        "deliveries_team_id_pending_index",
        "deliveries",
        ["team_id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_index(
        "deliveries_team_id_pending_index",
        table_name="deliveries",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("gaps_last_slot_index", table_name="gaps")
    op.create_index(
        "status_changes_monitor_id_effective_at_index",
        "status_changes",
        ["monitor_id", "effective_at"],
        unique=False,
    )
    op.drop_index("status_changes_monitor_id_id_index", table_name="status_changes")
