"""Create the table of processes and the row of the installation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123060600"
down_revision = "20261123060500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("secret_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("instance_single_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("instance_pkey")),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("info", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("processes_location_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("processes_pkey")),
    )
    op.create_index("processes_name_seen_at_index", "processes", ["name", "seen_at"], unique=False)


def downgrade() -> None:
    op.drop_index("processes_name_seen_at_index", table_name="processes")
    op.drop_table("processes")
    op.drop_table("instance")
