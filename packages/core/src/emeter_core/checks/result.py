"""A raw result: one row per check, in daily partitions."""

from typing import Any

from sqlalchemy import Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.microseconds import Microseconds
from emeter_storage.base import Base, Timestamp


class Result(Base):
    """What one slot was found to be, keyed by probe and slot.

    92 bytes a row, its index included. So: eight columns, widest first, as with a ninth the null bitmap would
    cost eight bytes more; `phases` holds dns, connect, tls and wait in 16 bits each (see `packing`), transfer
    is what is left of `total_us`, which has four bytes for up to days (see `microseconds`); and the key is
    not the table's but a unique index of each partition, on the probe and the milliseconds since midnight,
    half as wide (see `emeter_storage.partitions`). `late_ms` is how long after its slot the check started, at
    most 32,767. No foreign key: probe ids are never reused, and partitions are dropped whole.
    """

    __tablename__ = "results"
    __table_args__ = ({"postgresql_partition_by": "RANGE (slot)"},)

    slot: Mapped[Timestamp] = mapped_column()
    probe_id: Mapped[int] = mapped_column(Integer)
    total_us: Mapped[int] = mapped_column(Microseconds)
    late_ms: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[int] = mapped_column(SmallInteger)
    phases: Mapped[bytes] = mapped_column(LargeBinary)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __mapper_args__ = {"primary_key": [probe_id, slot]}  # noqa: RUF012 - SQLAlchemy reads a plain dict
