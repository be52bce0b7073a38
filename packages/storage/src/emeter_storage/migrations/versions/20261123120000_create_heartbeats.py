"""Create the heartbeats, their last pings, the watch for them, and the place where they come in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123120000"
down_revision = "20261123110100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # `local` is the first that the table counts: nothing else has this id.
    op.execute("INSERT INTO locations (id, name, inserted_at) VALUES (0, 'inbound', now())")
    op.create_table(
        "heartbeats",
        sa.Column("monitor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ping_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pings", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("runs", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name=op.f("heartbeats_monitor_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("heartbeats_pkey")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("heartbeats_token_digest_index", "heartbeats", ["token_digest"], unique=True)
    op.create_table(
        "heartbeat_pings",
        sa.Column("monitor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("exit_code", sa.SmallInteger(), nullable=True),
        sa.Column("run_us", sa.BigInteger(), nullable=True),
        sa.Column("rid", sa.Uuid(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["heartbeats.monitor_id"],
            name=op.f("heartbeat_pings_monitor_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("monitor_id", "place", name=op.f("heartbeat_pings_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "heartbeat_watches",
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("since", name=op.f("heartbeat_watches_pkey")),
    )


def downgrade() -> None:
    # A version that does not know heartbeats cannot check them: they go with it, and what they alone have
    # open would never end.
    op.execute("""
        UPDATE incidents i SET resolved_at = now(), resolution = 'deleted'
        WHERE resolved_at IS NULL AND EXISTS (
          SELECT FROM incident_monitors m WHERE m.incident_id = i.id
        ) AND NOT EXISTS (
          SELECT FROM incident_monitors m JOIN monitors ON monitors.id = m.monitor_id
          WHERE m.incident_id = i.id AND m.resolved_at IS NULL AND kind <> 'heartbeat'
        )
    """)
    op.execute("DELETE FROM monitors WHERE kind = 'heartbeat'")
    for table in ("heartbeat_watches", "heartbeat_pings", "heartbeats"):
        op.drop_table(table)
    op.execute("DELETE FROM locations WHERE id = 0")
