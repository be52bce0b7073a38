"""A team: it owns monitors, and people are its members."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp, UuidPk


class Team(Base):
    """A team. `time_zone` is the IANA zone in which its people see times."""

    __tablename__ = "teams"

    id: Mapped[UuidPk]
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(64))
    inserted_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]
