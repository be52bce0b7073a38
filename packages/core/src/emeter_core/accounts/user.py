"""A person who can log in."""

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp, UuidPk


class User(Base):
    """A user. The e-mail compares without case and keeps the case that was typed."""

    __tablename__ = "users"

    id: Mapped[UuidPk]
    # CITEXT on our side too: a parameter typed as varchar would compare with case.
    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    hashed_password: Mapped[str] = mapped_column(String(255))
    confirmed_at: Mapped[Timestamp | None]
    inserted_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

    def __repr__(self) -> str:
        """Leave the hash out of logs and errors."""
        return f"<User {self.id}>"
