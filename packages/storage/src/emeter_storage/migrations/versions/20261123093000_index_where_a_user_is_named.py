"""Index where a user is named: else whoever deletes their account reads the incidents of all teams."""

import sqlalchemy as sa
from alembic import op

revision = "20261123093000"
down_revision = "20261123090000"
branch_labels = None
depends_on = None

_NAMED = (("incidents", "acknowledged_by"), ("trials", "user_id"))


def upgrade() -> None:
    # Partial: most incidents are acknowledged by nobody, and building them reads but one column.
    for table, column in _NAMED:
        op.create_index(
            f"{table}_{column}_index", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def downgrade() -> None:
    for table, column in _NAMED:
        op.drop_index(f"{table}_{column}_index", table_name=table)
