"""A place that checks start from."""

from sqlalchemy import Identity, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from emeter_core.errors import NotFound
from emeter_storage.base import Base, Timestamp

LOCAL = "local"

INBOUND, INBOUND_ID = "inbound", 0
"""Where heartbeats come in: no slot is claimed there, and nobody looks for silence."""


class Location(Base):
    """A location; `local` and `inbound` are made by their migrations.

    `paced_until`: up to when the pace at which what is overdue may be caught up with is used (see `overdue`).
    """

    __tablename__ = "locations"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    inserted_at: Mapped[Timestamp]
    paced_until: Mapped[Timestamp | None]


def location_id_of(session: Session, name: str = LOCAL) -> int:
    """The id of a location; raises NotFound where there is none of that name."""
    found = session.scalars(select(Location.id).where(Location.name == name)).one_or_none()
    if found is None:
        raise NotFound(f"There is no location called {name}.")
    return found
