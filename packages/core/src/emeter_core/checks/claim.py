"""A slot that is to be checked: a row from when it is claimed until its result is in."""

import uuid
from enum import StrEnum

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class ClaimKind(StrEnum):
    """Why a slot is checked: its turn came, a failure is to be confirmed, or somebody asked."""

    REGULAR = "regular"
    CONFIRM = "confirm"
    NOW = "now"


class Claim(Base):
    """The permission to check one slot of one probe, once.

    Whoever holds `token` may record the result, which deletes the row in the same transaction. No foreign
    key to the probe: its check would cost more than the insert; deleting a monitor deletes its claims.
    """

    __tablename__ = "claims"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    probe_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    slot: Mapped[Timestamp] = mapped_column(primary_key=True)
    lease_until: Mapped[Timestamp]
    hinted_at: Mapped[Timestamp | None]
    token: Mapped[uuid.UUID]
    taken_by: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(String(8))
