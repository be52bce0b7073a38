"""What was written about the past after its rollups may have been made: they are made again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Identity, Integer, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from emeter_core.rollups.level import QUARTER
from emeter_storage.base import Base, Timestamp

SETTLED_AFTER = timedelta(minutes=5)
"""A quarter hour is rolled up this long after its end: what is about it has mostly come in by then."""

LATE_AFTER = timedelta(minutes=3)
"""What is older than this when it is written is marked.

The difference to the above is more than the longest transaction takes: one that began before a rollup was
made, and does not mark, has committed by then.
"""


class DirtyRollup(Base):
    """From `since` to before `until` something about a monitor became known late: statuses, or checks too."""

    __tablename__ = "rollups_dirty"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    since: Mapped[Timestamp]
    until: Mapped[Timestamp]
    monitor_id: Mapped[int] = mapped_column(Integer)
    checks: Mapped[bool] = mapped_column(Boolean)


class Late(NamedTuple):
    """Something about a monitor that begins at `since` and is written now."""

    monitor_id: int
    since: datetime


def mark_dirty(session: Session, written: Iterable[Late], *, checks: bool = False, now: datetime) -> None:
    """Mark what of `written` is late: statuses, which hold until now, or results (`checks`) of one slot."""
    late = [each for each in written if each.since < now - LATE_AFTER]
    if checks:
        # After an outage there are many of them in each quarter hour.
        late = list(dict.fromkeys(Late(each.monitor_id, QUARTER.floor(each.since)) for each in late))
    if late:
        length = QUARTER.length if checks else None
        rows = [
            {
                "monitor_id": each.monitor_id,
                "since": each.since,
                "until": each.since + length if length else now,
                "checks": checks,
            }
            for each in late
        ]
        session.execute(insert(DirtyRollup), rows)
