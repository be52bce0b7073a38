"""A raw result: one row per check, in daily partitions."""

from typing import Any

from sqlalchemy import Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class Result(Base):
    """What one slot was found to be.

    Eight columns, widest first: with a ninth the null bitmap would cost eight bytes more a row. `phases`
    holds dns, connect, tls and wait as four big-endian uint32 microseconds; transfer is what is left
    of `total_us`; `late_ms` is how long after its slot the check started, at most 32,767. No foreign key:
    probe ids are never reused, and partitions are dropped whole.
    """

    __tablename__ = "results"
    __table_args__ = (
        PrimaryKeyConstraint("probe_id", "slot"),
        {"postgresql_partition_by": "RANGE (slot)"},
    )

    slot: Mapped[Timestamp]
    probe_id: Mapped[int] = mapped_column(Integer, autoincrement=False)
    total_us: Mapped[int] = mapped_column(Integer)
    late_ms: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[int] = mapped_column(SmallInteger)
    phases: Mapped[bytes] = mapped_column(LargeBinary)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
