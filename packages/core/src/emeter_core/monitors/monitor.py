"""What is watched, how, and what it was last found to be."""

import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.accounts.team import Team
from emeter_core.monitors.status import Status, status_of
from emeter_core.outcome import Condition
from emeter_storage.base import Base, Timestamp


class Monitor(Base):
    """A monitor of a team.

    `id` stays inside, `public_id` is what URLs and payloads carry. `version` grows with every change of
    what is checked: a result of another version is not counted. `settings` are those of the kind;
    the ones that hold credentials lie encrypted in `secrets`.
    """

    __tablename__ = "monitors"
    __table_args__ = (
        Index("monitors_team_id_id_index", "team_id", "id", unique=True),
        Index("monitors_team_id_name_index", "team_id", "name"),
        CheckConstraint("interval_seconds BETWEEN 5 AND 86400", name="interval_seconds"),
        CheckConstraint(
            "timeout_seconds BETWEEN 1 AND 60 AND timeout_seconds <= interval_seconds", name="timeout"
        ),
        CheckConstraint("down_after BETWEEN 1 AND 20 AND up_after BETWEEN 1 AND 20", name="thresholds"),
        CheckConstraint(
            "condition IN ('pending', 'up', 'degraded', 'down', 'blocked', 'no_data')", name="condition"
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4)
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(Text)
    interval_seconds: Mapped[int] = mapped_column(Integer)
    timeout_seconds: Mapped[int] = mapped_column(Integer)
    down_after: Mapped[int] = mapped_column(SmallInteger)
    up_after: Mapped[int] = mapped_column(SmallInteger)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer, default=1)
    condition: Mapped[str] = mapped_column(String(10), default=Condition.PENDING.value)
    condition_since: Mapped[Timestamp]
    paused_at: Mapped[Timestamp | None]
    inserted_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

    @property
    def status(self) -> Status:
        """What a person is shown: the condition under its overlays."""
        return status_of(Condition(self.condition), paused=self.paused_at is not None)
