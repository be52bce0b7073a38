"""That a process runs: told by itself every few seconds, read by whoever wants to know."""

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.processes.process import Process
from emeter_storage.statements import affected_rows

SEEN_EVERY_S = 5.0
GONE_AFTER = timedelta(days=1)


def enlist(session: Session, name: str, *, location_id: int | None, now: datetime) -> uuid.UUID:
    """Write down that this process runs; returns its id. Processes not seen for a day are forgotten."""
    session.execute(delete(Process).where(Process.seen_at < now - GONE_AFTER))
    process_id = uuid.uuid4()
    session.execute(
        insert(Process).values(
            id=process_id,
            name=name,
            host=socket.gethostname()[:255],
            pid=os.getpid(),
            location_id=location_id,
            version=version("emeter-core"),
            info={},
            started_at=now,
            seen_at=now,
        )
    )
    return process_id


def report(session: Session, process_id: uuid.UUID, info: Mapping[str, Any], *, now: datetime) -> bool:
    """Say that the process still runs, with its figures; False where it was forgotten meanwhile."""
    known = session.execute(
        update(Process).where(Process.id == process_id).values(seen_at=now, info=dict(info))
    )
    return affected_rows(known) > 0


def leave(session: Session, process_id: uuid.UUID) -> None:
    """Say that the process ends by its own will."""
    session.execute(delete(Process).where(Process.id == process_id))


def realign(session: Session, *, now: datetime) -> int:
    """After a clock that was ahead: who was seen at a time to come was seen now; returns how many.

    Who was killed meanwhile is not seen again, and so no longer alive in half a minute, as after any death.
    """
    # Whose row is held is just telling of itself, or is brought back by another scheduler.
    ahead = select(Process.id).where(Process.seen_at > now + FARTHEST_AHEAD).with_for_update(skip_locked=True)
    brought_back = (
        update(Process)
        .where(Process.id.in_(ahead))
        .values(seen_at=now, started_at=func.least(Process.started_at, now))
        .execution_options(synchronize_session=False)
    )
    return affected_rows(session.execute(brought_back))


def list_processes(session: Session, *, name: str = "") -> Sequence[Process]:
    """The processes known, newest sign of life first."""
    found = select(Process).order_by(Process.seen_at.desc())
    return session.scalars(found.where(Process.name == name) if name else found).all()
