"""A monitor seen from a location: when it is due, and what its checks have added up to."""

from sqlalchemy import Boolean, ForeignKey, Identity, Index, Integer, SmallInteger, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.microseconds import Microseconds
from emeter_core.outcome import Condition
from emeter_storage.base import Base, Timestamp


class Probe(Base):
    """The hot row of a monitor at a location: written twice per check, so narrow and without extra indexes.

    `enabled`, `interval_ms` and `timeout_ms` repeat the monitor's own, so that claiming reads one table.
    Half of each page stays free (fillfactor 50): every update finds room beside its row.
    """

    __tablename__ = "probes"
    __table_args__ = (
        Index("probes_monitor_id_location_id_index", "monitor_id", "location_id", unique=True),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    monitor_id: Mapped[int] = mapped_column(ForeignKey("monitors.id", ondelete="CASCADE"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    interval_ms: Mapped[int] = mapped_column(Integer)
    timeout_ms: Mapped[int] = mapped_column(Integer)
    next_slot: Mapped[Timestamp]
    last_slot: Mapped[Timestamp | None]
    streak_since: Mapped[Timestamp | None]
    streak_ended_at: Mapped[Timestamp | None]
    certificate_ends_at: Mapped[Timestamp | None]
    last_total_us: Mapped[int | None] = mapped_column(Microseconds)
    last_code: Mapped[int | None] = mapped_column(SmallInteger)
    last_reason: Mapped[int | None] = mapped_column(SmallInteger)
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    successes: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    enabled: Mapped[bool] = mapped_column(Boolean)
    incident_open: Mapped[bool] = mapped_column(Boolean, server_default=false())
    condition: Mapped[str] = mapped_column(String(10), default=Condition.PENDING.value)
