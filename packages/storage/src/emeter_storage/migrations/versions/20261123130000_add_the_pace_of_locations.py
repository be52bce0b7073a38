"""Add the pace of locations: until when it is used. Down forgets that: half a second's worth at most."""

import sqlalchemy as sa
from alembic import op

revision = "20261123130000"
down_revision = "20261123120000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("locations", sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("locations", "paced_until")
