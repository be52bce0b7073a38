"""What a person is shown of a session: device, address, when it was last seen."""

import uuid

from sqlalchemy import ForeignKey, String
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp, UuidPk


class UserSession(Base):
    """A session beside its token; it ends with it."""

    __tablename__ = "user_sessions"

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_token_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users_tokens.id", ondelete="CASCADE"), unique=True
    )
    device: Mapped[str] = mapped_column(String(255))
    address: Mapped[str | None] = mapped_column(INET)
    seen_at: Mapped[Timestamp]
    inserted_at: Mapped[Timestamp]
