"""Which monitors an incident is about."""

import uuid

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class IncidentMonitor(Base):
    """A monitor's part in an incident; a monitor has at most one that is open."""

    __tablename__ = "incident_monitors"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "incident_id"],
            ["incidents.team_id", "incidents.id"],
            ondelete="CASCADE",
            name="incident_monitors_incident_id_fkey",
        ),
        ForeignKeyConstraint(
            ["team_id", "monitor_id"],
            ["monitors.team_id", "monitors.id"],
            ondelete="CASCADE",
            name="incident_monitors_monitor_id_fkey",
        ),
        Index("incident_monitors_monitor_id_index", "monitor_id"),
        Index(
            "incident_monitors_monitor_id_open_index",
            "monitor_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    monitor_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    team_id: Mapped[uuid.UUID]
    started_at: Mapped[Timestamp]
    resolved_at: Mapped[Timestamp | None]
