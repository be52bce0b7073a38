"""Let the mail that tells of a deleted account outlive its user."""

from alembic import op

revision = "20261123090000"
down_revision = "20261123080000"
branch_labels = None
depends_on = None

_OWNED = "team_id IS NOT NULL OR user_id IS NOT NULL"


def upgrade() -> None:
    op.drop_constraint(op.f("deliveries_owner_check"), "deliveries", type_="check")
    op.create_check_constraint(
        op.f("deliveries_owner_check"), "deliveries", f"{_OWNED} OR event = 'account.deleted'"
    )


def downgrade() -> None:
    # What was not sent by now is lost: the older version cannot hold it.
    op.execute("DELETE FROM deliveries WHERE team_id IS NULL AND user_id IS NULL")
    op.drop_constraint(op.f("deliveries_owner_check"), "deliveries", type_="check")
    op.create_check_constraint(op.f("deliveries_owner_check"), "deliveries", _OWNED)
