"""What is true of the whole installation: one row."""

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from emeter_storage.base import Base, Timestamp


class Instance(Base):
    """The installation. The fingerprint of its SECRET_KEY stops a process that has another."""

    __tablename__ = "instance"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    secret_fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    inserted_at: Mapped[Timestamp]
