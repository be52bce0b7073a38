"""The rows of rollups: three tables of one form."""

from sqlalchemy import REAL, BigInteger, ForeignKey, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from emeter_core.microseconds import Microseconds
from emeter_storage.base import Base


class _Rollup:
    """What a monitor was in one period, seen from all locations.

    `period` counts periods of the level's length from 1970. `checks` are all, `ok` those that succeeded, and
    of these alone are `total_us` (the sum), `min_us` and `max_us` (four bytes, see `microseconds`; NULL where
    no length is known), the sums of their phases and the `histogram` (see there, also for how many of them
    have no known length); `failures` found the target down. `<status>_us` is how
    long the monitor had that status; NULL is none, so that most rows hold one of the nine. Columns are in the
    order of their width.
    """

    total_us: Mapped[int] = mapped_column(BigInteger)
    up_us: Mapped[int | None] = mapped_column(BigInteger)
    degraded_us: Mapped[int | None] = mapped_column(BigInteger)
    down_us: Mapped[int | None] = mapped_column(BigInteger)
    blocked_us: Mapped[int | None] = mapped_column(BigInteger)
    no_data_us: Mapped[int | None] = mapped_column(BigInteger)
    pending_us: Mapped[int | None] = mapped_column(BigInteger)
    paused_us: Mapped[int | None] = mapped_column(BigInteger)
    maintenance_us: Mapped[int | None] = mapped_column(BigInteger)
    unreachable_us: Mapped[int | None] = mapped_column(BigInteger)
    monitor_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    period: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    checks: Mapped[int] = mapped_column(Integer)
    ok: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    min_us: Mapped[int | None] = mapped_column(Microseconds)
    max_us: Mapped[int | None] = mapped_column(Microseconds)
    dns_us: Mapped[float | None] = mapped_column(REAL)
    connect_us: Mapped[float | None] = mapped_column(REAL)
    tls_us: Mapped[float | None] = mapped_column(REAL)
    wait_us: Mapped[float | None] = mapped_column(REAL)
    histogram: Mapped[bytes | None] = mapped_column(LargeBinary)


class QuarterRollup(_Rollup, Base):
    """A quarter of an hour. Partitioned by month; no foreign key, as partitions are dropped whole."""

    __tablename__ = "rollups_quarter"
    __table_args__ = ({"postgresql_partition_by": "RANGE (period)"},)


class HourRollup(_Rollup, Base):
    """An hour. Partitioned by month; no foreign key, as partitions are dropped whole."""

    __tablename__ = "rollups_hour"
    __table_args__ = ({"postgresql_partition_by": "RANGE (period)"},)


class DayRollup(_Rollup, Base):
    """A day of UTC, kept as long as its monitor."""

    __tablename__ = "rollups_day"

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
