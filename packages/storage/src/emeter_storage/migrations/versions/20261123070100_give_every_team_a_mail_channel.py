"""Give every team a mail channel: the address of its first owner, as new teams get it on registration."""

from alembic import op

revision = "20261123070100"
down_revision = "20261123070000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A team that registers while this runs has one already, from the version that writes channels.
    op.execute("""
        INSERT INTO channels (id, team_id, kind, target, enabled, inserted_at, updated_at)
        SELECT DISTINCT ON (m.team_id) gen_random_uuid(), m.team_id, 'mail', u.email, true, now(), now()
        FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.role = 'owner'
        ORDER BY m.team_id, m.inserted_at, u.id
        ON CONFLICT DO NOTHING
    """)


def downgrade() -> None:
    # The channels go with their table; which of them were given here nobody knows.
    pass
