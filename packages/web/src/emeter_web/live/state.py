"""What the hub learns of teams, and what in it is new."""

import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from emeter_core.accounts import Seat
from emeter_web.live import events


class Away(Exception):  # noqa: N818 - it says what is the matter
    """Nothing can be learned now: the database does not answer."""


class Row(NamedTuple):
    """A monitor whose newest check is new: `us` is its length in microseconds, None where it failed."""

    id: str
    status: str
    us: int | None
    checked_at: datetime | None


class State(NamedTuple):
    """A team at one look: `revision` changes when its pages must be fetched again."""

    revision: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: the teams that were asked for, and which of the seats are still taken."""

    teams: Mapping[uuid.UUID, State]
    living: AbstractSet[Seat]


class Source(Protocol):
    """Where the hub looks, from a thread of its own."""

    def look(self, teams: AbstractSet[uuid.UUID], seats: AbstractSet[Seat]) -> Look:
        """Look at teams and seats. Raises Away."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a team: rows as they are sent, by the ids of their monitors."""

    has_new_revision: bool
    rows: Mapping[str, bytes]


@dataclass(slots=True)
class Known:
    """What was told of a team so far."""

    revision: str = ""
    rows: dict[str, Row] = field(default_factory=dict)

    def learn(self, state: State) -> News:
        """Take a look in, and return what was not known: looks overlap."""
        fresh = [row for row in state.rows if self.rows.get(row.id) != row]
        # Only what the next look could bring again is kept.
        self.rows = {row.id: row for row in state.rows}
        is_new = self.revision not in {"", state.revision}
        self.revision = state.revision
        return News(is_new, {row.id: events.row(_told(row)) for row in fresh})


def _told(row: Row) -> dict[str, object]:
    checked_at = round(row.checked_at.timestamp() * 1000) if row.checked_at else None
    return {"id": row.id, "status": row.status, "us": row.us, "checked_at": checked_at}
