"""A team: it owns monitors, and people are its members."""

import uuid

from sqlalchemy import Select, String, select
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


TeamOf = Select[uuid.UUID]
"""A question for the team that something belongs to: one id, or no row."""


def team_itself(team_id: uuid.UUID) -> TeamOf:
    """The question where the team's own id is known: no row where there is no such team."""
    return select(Team.id).where(Team.id == team_id)
