"""What must be sent: a row in the transaction that causes it (the outbox)."""

import uuid

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_storage.base import Base, Timestamp, UuidPk


class Delivery(Base):
    """One message to one recipient. `id` is the stable id that receivers see, whatever the attempts.

    `body` is encrypted and erased once it was sent. A mail of an account has a user and no team.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "incident_id"],
            ["incidents.team_id", "incidents.id"],
            ondelete="CASCADE",
            name="deliveries_incident_id_fkey",
        ),
        CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
        CheckConstraint("team_id IS NOT NULL OR user_id IS NOT NULL", name="owner"),
        Index("deliveries_incident_id_index", "incident_id"),
        Index("deliveries_team_id_inserted_at_index", "team_id", "inserted_at"),
        Index("deliveries_user_id_index", "user_id"),
        Index(
            "deliveries_next_attempt_at_index", "next_attempt_at", postgresql_where=text("state = 'pending'")
        ),
    )

    id: Mapped[UuidPk]
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    incident_id: Mapped[int | None] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[Timestamp]
    lease_until: Mapped[Timestamp | None]
    token: Mapped[uuid.UUID | None]
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[Timestamp | None]
    inserted_at: Mapped[Timestamp]
