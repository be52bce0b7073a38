"""Where the hub looks: the database, in one short transaction of three statements."""

import time
import uuid
from collections.abc import Set as AbstractSet
from datetime import timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from emeter_core.accounts import Seat, live_seats
from emeter_core.analytics import LiveState, live_states
from emeter_core.database import Database
from emeter_storage.engine import transaction
from emeter_web.live.state import Away, Look, Row, State

# A look goes back to the one before, but no further: after a long pause, pages are fetched again anyway.
_BACK_AT_MOST_S = 30.0


class DatabaseSource:
    """Looks by the database's clock; `look` is called by one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_at = float("-inf")

    def look(self, teams: AbstractSet[uuid.UUID], seats: AbstractSet[Seat]) -> Look:
        """Look at teams and seats. Raises Away."""
        begun = time.monotonic()
        try:
            self._database.clock.measure_if_old()
            now = self._database.clock.now()
            since = now - timedelta(seconds=min(begun - self._looked_at, _BACK_AT_MOST_S))
            with transaction(self._database.sessions) as session:
                found = live_states(session, teams, since=since)
                living = live_seats(session, seats, now=now)
        except (DBAPIError, PoolTimeoutError) as error:
            raise Away(str(error).partition("\n")[0]) from error
        self._looked_at = begun
        return Look({team_id: _state(state) for team_id, state in found.items()}, living)


def _state(state: LiveState) -> State:
    rows = [Row(row.public_id, row.status.value, row.total_us, row.last_slot) for row in state.rows]
    return State(state.revision, rows)
