"""What somebody tries from a page: a check before it is saved, a channel before it is trusted."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_storage.base import Base, Timestamp, UuidPk


class TrialKind(StrEnum):
    """What can be tried."""

    CHECK = "check"
    CHANNEL = "channel"


class Trial(Base):
    """A question to the checker and, soon after, its answer. The payload is encrypted."""

    __tablename__ = "trials"
    __table_args__ = (
        Index("trials_inserted_at_index", "inserted_at", postgresql_where=text("answered_at IS NULL")),
        Index("trials_team_id_index", "team_id"),
        Index("trials_user_id_index", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    id: Mapped[UuidPk]
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    taken_at: Mapped[Timestamp | None]
    answered_at: Mapped[Timestamp | None]
    expires_at: Mapped[Timestamp]
    inserted_at: Mapped[Timestamp]
