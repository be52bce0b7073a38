"""Which pages are asked to fetch themselves again: after a change all of a team, else now and then."""

import uuid
from collections.abc import Mapping, Sequence
from itertools import count

from emeter_web.live import events
from emeter_web.live.budget import Budget, spread_ms
from emeter_web.live.pump import Pump
from emeter_web.live.stream import Stream

PAGE_EVERY_S = 60.0
"""Uptimes and the like change without an event: so often at least a page is fetched again."""
CLOSELY_EVERY_S = 5.0
"""A page of few monitors is fetched again after their checks, so often at most."""
_FEW = 8
# One incident is several changes: it opens, and then a mail and a webhook are sent. So many pages a second.
_PAGES_A_SECOND = 100
_GAP_AT_MOST_S = 3.0


class Fetches:
    """Asks the streams of a pump, as far as the budget goes."""

    def __init__(self, pump: Pump, budget: Budget) -> None:
        self._pump, self._budget = pump, budget
        self._changed: set[uuid.UUID] = set()
        self._checked: set[Stream] = set()
        self._asked_at: dict[uuid.UUID, float] = {}
        self._numbers = count(1)
        self._copy = "0"

    def follow(self, streams: Sequence[Stream], revision: str, now: float) -> None:
        """Take in who came since the last look; who brought an old page is asked at once."""
        self._copy = str(next(self._numbers))
        for stream in streams:
            if stream.asked_at is None:
                stream.asked_at = now
                if stream.listener.revision != revision:
                    self._budget.take(1)
                    self._ask([stream], now)

    def note_change(self, team_id: uuid.UUID) -> None:
        """A team's pages are no longer what they show."""
        self._changed.add(team_id)

    def note_checks(self, stream: Stream) -> None:
        """There were checks of monitors that a page shows."""
        if stream.listener.monitors and len(stream.listener.monitors) <= _FEW:
            self._checked.add(stream)

    def ask(self, by_team: Mapping[uuid.UUID, Sequence[Stream]], now: float) -> None:
        """Ask whom the budget allows: what changed comes before what has aged."""
        self._asked_at = {team_id: self._asked_at.get(team_id, 0.0) for team_id in by_team}
        self._changed &= by_team.keys()
        for team_id, streams in by_team.items():
            if self._is_due(team_id, streams, now):
                waiting = [stream for stream in streams if _age(stream, now) > 0]
                if self._budget.take(len(waiting)):
                    self._changed.discard(team_id)
                    self._asked_at[team_id] = now
                    self._ask(waiting, now)
        self._checked &= self._pump.streams
        for stream in list(self._checked):
            if _age(stream, now) >= CLOSELY_EVERY_S and self._budget.take(1):
                self._ask([stream], now)

    def _is_due(self, team_id: uuid.UUID, streams: Sequence[Stream], now: float) -> bool:
        """Whether a team changed, or a page of it has aged; many pages are not asked at every turn."""
        if now - self._asked_at[team_id] < min(len(streams) / _PAGES_A_SECOND, _GAP_AT_MOST_S):
            return False
        return team_id in self._changed or any(_age(stream, now) >= PAGE_EVERY_S for stream in streams)

    def _ask(self, streams: Sequence[Stream], now: float) -> None:
        """Ask, at one moment: all that fetch because of it may share an answer."""
        told = events.event(events.PAGE, {"copy": self._copy, "spread": spread_ms(len(streams))})
        for stream in streams:
            stream.asked_at = now
            self._checked.discard(stream)
            self._pump.write(stream, told)


def _age(stream: Stream, now: float) -> float:
    """How long ago a page was asked to fetch itself, in seconds."""
    return 0.0 if stream.asked_at is None else now - stream.asked_at
