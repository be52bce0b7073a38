"""An incident: from the first failure of something until it is well again."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

# By their classes: the worker opens incidents, and nothing else of it loads the accounts.
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_storage.base import Base, Timestamp


class Resolution(StrEnum):
    """How an incident ended."""

    RECOVERED = "recovered"
    DELETED = "deleted"


class Incident(Base):
    """An incident of a team, with the cause and the evidence of its first failure.

    `started_at` is the first failure, `confirmed_at` the verdict, `resolved_at` the first success of the
    run of successes that ended it, or when the last of its monitors was deleted: `resolution` says which.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index("incidents_team_id_id_index", "team_id", "id", unique=True),
        Index("incidents_team_id_started_at_index", "team_id", "started_at"),
        Index("incidents_team_id_open_index", "team_id", postgresql_where=text("resolved_at IS NULL")),
        # Whoever deletes their account is taken out of them.
        Index(
            "incidents_acknowledged_by_index",
            "acknowledged_by",
            postgresql_where=text("acknowledged_by IS NOT NULL"),
        ),
        CheckConstraint("resolution IN ('recovered', 'deleted')", name="resolution"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4)
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(120))
    cause: Mapped[str] = mapped_column(String(40))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    started_at: Mapped[Timestamp]
    confirmed_at: Mapped[Timestamp]
    acknowledged_at: Mapped[Timestamp | None]
    acknowledged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    resolved_at: Mapped[Timestamp | None]
    resolution: Mapped[str | None] = mapped_column(String(10))
