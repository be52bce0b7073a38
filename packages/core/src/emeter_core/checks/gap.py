"""A stretch of slots that nobody checked: no data, never down."""

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.monitors.probe import Probe
from emeter_storage.base import Base, Timestamp


class Gap(Base):
    """Slots from `first_slot` to `last_slot` of a probe that were missed, `count` of them."""

    __tablename__ = "gaps"
    __table_args__ = (Index("gaps_last_slot_index", "last_slot"),)

    probe_id: Mapped[int] = mapped_column(ForeignKey(Probe.id, ondelete="CASCADE"), primary_key=True)
    first_slot: Mapped[Timestamp] = mapped_column(primary_key=True)
    last_slot: Mapped[Timestamp]
    count: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(20))
