"""A running process of E-Meter: liveness is read here, never in the queue."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.monitors.location import Location
from emeter_storage.base import Base, Timestamp, UuidPk


class Process(Base):
    """One process: who it is, when it was last seen, and its figures in `info`."""

    __tablename__ = "processes"
    __table_args__ = (Index("processes_name_seen_at_index", "name", "seen_at"),)

    id: Mapped[UuidPk]
    name: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    location_id: Mapped[int | None] = mapped_column(ForeignKey(Location.id))
    version: Mapped[str] = mapped_column(String(20))
    info: Mapped[dict[str, Any]] = mapped_column(JSONB)
    started_at: Mapped[Timestamp]
    seen_at: Mapped[Timestamp]
