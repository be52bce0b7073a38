"""Where a team is told: a mail address and a webhook."""

import uuid
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp, UuidPk


class ChannelKind(StrEnum):
    """The ways to tell somebody."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Channel(Base):
    """A channel of a team. `target` is the address or the URL; `secret` signs webhooks and is encrypted.

    `disabled_reason` says, in words for people, why we no longer use it: the receiver refused for good.
    """

    __tablename__ = "channels"
    __table_args__ = (
        Index("channels_team_id_id_index", "team_id", "id", unique=True),
        Index("channels_team_id_kind_index", "team_id", "kind", unique=True),
        CheckConstraint("kind IN ('mail', 'webhook')", name="kind"),
        CheckConstraint("kind <> 'webhook' OR secret IS NOT NULL", name="secret"),
    )

    id: Mapped[UuidPk]
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(Text)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    inserted_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]
