"""A token of a user: a session, or a link that was mailed. Only its SHA-256 is kept."""

import uuid

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp, UuidPk


class UserToken(Base):
    """A hashed token. Contexts: `session`, `confirm`, `reset_password`, `change:<current e-mail>`."""

    __tablename__ = "users_tokens"
    __table_args__ = (
        Index("users_tokens_user_id_index", "user_id"),
        Index("users_tokens_context_token_index", "context", "token", unique=True),
    )

    id: Mapped[UuidPk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token: Mapped[bytes] = mapped_column(LargeBinary)
    context: Mapped[str] = mapped_column(String(255))
    sent_to: Mapped[str | None] = mapped_column(String(255))
    inserted_at: Mapped[Timestamp]
