"""The history of a monitor's status: uptime is computed from these rows."""

import uuid

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class StatusChange(Base):
    """From `effective_at` on, the monitor was in this condition under these overlays.

    `effective_at` is when it began (for down: the first failure), `recorded_at` when we knew.
    """

    __tablename__ = "status_changes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "monitor_id"],
            ["monitors.team_id", "monitors.id"],
            ondelete="CASCADE",
            name="status_changes_monitor_id_fkey",
        ),
        # With all that is read of a history, so that it comes out of the index, the newest row first.
        Index(
            "status_changes_monitor_id_id_index",
            "monitor_id",
            "id",
            postgresql_include=[
                "effective_at",
                "reason",
                "condition",
                "paused",
                "maintenance",
                "unreachable",
            ],
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    team_id: Mapped[uuid.UUID]
    monitor_id: Mapped[int] = mapped_column(Integer)
    effective_at: Mapped[Timestamp]
    recorded_at: Mapped[Timestamp]
    reason: Mapped[int] = mapped_column(SmallInteger)
    condition: Mapped[str] = mapped_column(String(10))
    paused: Mapped[bool] = mapped_column(Boolean, server_default=false())
    maintenance: Mapped[bool] = mapped_column(Boolean, server_default=false())
    unreachable: Mapped[bool] = mapped_column(Boolean, server_default=false())
