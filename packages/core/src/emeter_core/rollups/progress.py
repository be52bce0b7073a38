"""How far the rollups are."""

from sqlalchemy import Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class RollupProgress(Base):
    """One row a level, single results among them.

    All periods before `done_until` are made (None: not begun), and of the next one the monitors up to
    `monitor_id`. What lies before `kept_since` may have been purged (None: nothing was yet).
    """

    __tablename__ = "rollups_progress"

    level: Mapped[str] = mapped_column(String(8), primary_key=True)
    done_until: Mapped[Timestamp | None]
    kept_since: Mapped[Timestamp | None]
    monitor_id: Mapped[int] = mapped_column(Integer, server_default=text("0"))
