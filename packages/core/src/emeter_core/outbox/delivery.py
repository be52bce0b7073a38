"""What must be sent: a row in the transaction that causes it (the outbox)."""

import uuid
from datetime import timedelta
from enum import StrEnum

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

from emeter_storage.base import Base, Timestamp, UuidPk

LEASE = timedelta(seconds=60)
"""How long a claim is ours. A sender that takes longer may see the delivery sent again by another one."""


class Event(StrEnum):
    """What a team is told of an incident, in the order in which it is told."""

    OPENED = "incident.opened"
    ACKNOWLEDGED = "incident.acknowledged"
    RESOLVED = "incident.resolved"


class DeliveryState(StrEnum):
    """Where a delivery stands: still to be sent, sent, or given up."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Delivery(Base):
    """One message to one recipient. `id` is the stable id that receivers see, whatever the attempts.

    The delivery of an incident has a team and a channel, and no body: it is rendered when it is sent, from
    the incident as it is then. A mail of an account has a user (the last one none), and a body that is
    encrypted and erased once it was sent. `channel` is the kind of the channel, `recipient` its target: both
    outlive the channel. `next_attempt_at` of one that is being sent is the end of its lease.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "incident_id"],
            ["incidents.team_id", "incidents.id"],
            ondelete="CASCADE",
            name="deliveries_incident_id_fkey",
        ),
        # A channel that is removed leaves the rows that say who was told when.
        ForeignKeyConstraint(
            ["team_id", "channel_id"],
            ["channels.team_id", "channels.id"],
            ondelete="SET NULL (channel_id)",
            name="deliveries_channel_id_fkey",
        ),
        CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
        # That an account was deleted is told when its user is gone.
        CheckConstraint(
            "team_id IS NOT NULL OR user_id IS NOT NULL OR event = 'account.deleted'", name="owner"
        ),
        # An event of an incident is told to a channel once, whoever writes it.
        Index(
            "deliveries_incident_id_channel_id_event_index",
            "incident_id",
            "channel_id",
            "event",
            unique=True,
        ),
        Index("deliveries_channel_id_index", "channel_id"),
        Index("deliveries_team_id_inserted_at_index", "team_id", "inserted_at"),
        Index("deliveries_user_id_index", "user_id"),
        Index(
            "deliveries_next_attempt_at_index", "next_attempt_at", postgresql_where=text("state = 'pending'")
        ),
        Index("deliveries_team_id_pending_index", "team_id", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[UuidPk]
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    incident_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[uuid.UUID | None]
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
