"""What each page is told, and when. All of it is decided in the pump's thread."""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from emeter_core.accounts import Seat
from emeter_web.live import events
from emeter_web.live.budget import Budget
from emeter_web.live.fetches import Fetches
from emeter_web.live.pump import Pump
from emeter_web.live.state import Known
from emeter_web.live.stream import Listener, Stream
from emeter_web.live.watch import Seen

BEAT_AFTER_S = 15.0
"""A stream that said nothing for so long says that it is there."""
AWAY_AFTER_S = 4.0
"""When nothing was learned for so long, the pages say so."""
_FRESH_S = 3.0


class Teller:
    """Tells the streams of a pump of its own."""

    def __init__(self, budget: Budget) -> None:
        self.pump = Pump(self.take_turn)
        self._fetches = Fetches(self.pump, budget)
        self._known: dict[uuid.UUID, Known] = {}
        self._heard_at = 0.0

    def listeners(self) -> list[Listener]:
        """Who listens at this moment; in any thread."""
        return [stream.listener for stream in self.pump.copy()]

    def revision(self, team_id: uuid.UUID) -> str:
        """The revision that a team had a moment ago, or nothing; in any thread."""
        known = self._known.get(team_id)
        is_fresh = time.monotonic() - self._heard_at <= _FRESH_S
        return known.revision if known and is_fresh else ""

    def welcome(self, stream: Stream, first: bytes, wake: Callable[[], None]) -> None:
        """Take a stream, write its first words, and wake who looks for it."""
        if not self.pump.streams:
            self._known, self._heard_at = {}, time.monotonic()
        self.pump.add(stream, first)
        wake()

    def hear(self, seen: Seen) -> None:
        """Tell what a look has found."""
        self._heard_at = time.monotonic()
        self._end(seen.seats - seen.look.living)
        self._say_back()
        by_team = self._by_team()
        self._known = {team_id: self._known.get(team_id) or Known() for team_id in seen.look.teams}
        for team_id, state in seen.look.teams.items():
            news = self._known[team_id].learn(state)
            self._tell_rows(by_team[team_id], news.rows)
            self._fetches.follow(by_team[team_id], state.revision, self._heard_at)
            if news.has_new_revision:
                self._fetches.note_change(team_id)
        self._fetches.ask(by_team, self._heard_at)

    def take_turn(self) -> None:
        """Say that we are there to whoever heard nothing for long; and when we learn nothing ourselves."""
        now = time.monotonic()
        is_away = now - self._heard_at > AWAY_AFTER_S
        for stream in self.pump.copy():
            if is_away and not stream.is_away:
                stream.is_away = True
                self.pump.write(stream, events.event(events.AWAY))
            elif now - stream.sent_at >= BEAT_AFTER_S:
                self.pump.write(stream, events.event(events.BEAT))

    def _end(self, left: frozenset[Seat]) -> None:
        """Say goodbye to whoever was signed out, is no member any more, or has another role."""
        for stream in self.pump.copy() if left else ():
            if stream.listener.seat in left:
                self.pump.write(stream, events.event(events.END))
                self.pump.drop(stream)

    def _say_back(self) -> None:
        for stream in self.pump.copy():
            if stream.is_away:
                stream.is_away = False
                self.pump.write(stream, events.event(events.BACK))

    def _tell_rows(self, streams: Iterable[Stream], rows: Mapping[str, bytes]) -> None:
        """Tell each page of those monitors that it shows."""
        if not rows:
            return
        everything = events.rows_event(rows.values())
        for stream in streams:
            wanted = stream.listener.monitors
            if wanted is None:
                self.pump.write(stream, everything)
            elif chosen := [rows[each] for each in wanted if each in rows]:
                self.pump.write(stream, events.rows_event(chosen))
                self._fetches.note_checks(stream)

    def _by_team(self) -> defaultdict[uuid.UUID, list[Stream]]:
        by_team: defaultdict[uuid.UUID, list[Stream]] = defaultdict(list)
        for stream in self.pump.copy():
            by_team[stream.listener.seat.team_id].append(stream)
        return by_team
