"""What a heartbeat monitor has beside others: its token, what is expected next, and its last pings."""

import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp

PINGS_KEPT = 100
"""So many pings of a monitor are kept, the oldest overwritten."""


class Heartbeat(Base):
    """The row of a heartbeat monitor that every ping writes.

    The token is found by its SHA-256 and read only with the key of the vault. `anchor` is what the next
    heartbeat is expected from, `runs` those that began and did not end (see `beats`), `pings` counts all.
    """

    __tablename__ = "heartbeats"
    __table_args__ = (
        Index("heartbeats_token_digest_index", "token_digest", unique=True),
        {"postgresql_with": {"fillfactor": 50}},
    )

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    token_digest: Mapped[bytes] = mapped_column(LargeBinary)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    anchor: Mapped[Timestamp | None]
    last_ping_at: Mapped[Timestamp | None]
    pings: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    runs: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class HeartbeatPing(Base):
    """One of the last pings; `place` is its number modulo PINGS_KEPT. Lengths in microseconds."""

    __tablename__ = "heartbeat_pings"
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("heartbeats.monitor_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[Timestamp]
    kind: Mapped[str] = mapped_column(String(8))
    exit_code: Mapped[int | None] = mapped_column(SmallInteger)
    run_us: Mapped[int | None] = mapped_column(BigInteger)
    rid: Mapped[uuid.UUID | None]
    message: Mapped[str | None] = mapped_column(Text)


class HeartbeatWatch(Base):
    """A stretch of time in which pings could be taken, as far as the web processes say."""

    __tablename__ = "heartbeat_watches"

    since: Mapped[Timestamp] = mapped_column(primary_key=True)
    until: Mapped[Timestamp]
