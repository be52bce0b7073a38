"""What a life adds up to: statuses and incidents from the list of outcomes alone, by the rules as told.

The rules: so many failures in a row are down, from the first of them on; one success is up, but after a
verdict it takes as many in a row as the policy says, and then it was up from the first of them on. What says
nothing of the target (blocked, no data) is so at once, and begins each row anew; an incident stays. So does
silence: no result for the timeout and twice the interval (30 s at least), from the first that is missing on.
A check that is older than the newest one counted is kept, and changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lives import Life, Seen, Swept, Written
from oracle import Change, Checked


@dataclass
class Incident:
    """From the first failure on; None while it is not over."""

    began: datetime
    told_at: datetime
    cause: str
    ended: datetime | None = None


class Judge:
    """Goes through a life once, with all that was counted since the last time a row began anew."""

    def __init__(self, life: Life) -> None:
        self.changes = [Change(life.start, life.start, "pending")]
        self.incidents: list[Incident] = []
        self._life = life
        self._row: list[Seen] = []
        self._newest: datetime | None = None
        for event in life.events:
            if isinstance(event, Swept):
                self._sweep(event.at)
            elif isinstance(event, Written):
                for seen in sorted(event.checks, key=lambda seen: seen.slot):
                    if self._newest is None or seen.slot > self._newest:
                        self._newest = seen.slot
                        self._count(seen, event.at)

    @property
    def status(self) -> str:
        """What it is now."""
        return self.changes[-1].status

    @property
    def open(self) -> Incident | None:
        """The incident that is not over."""
        return next((each for each in self.incidents if each.ended is None), None)

    def checks(self) -> list[Checked]:
        """All results: older ones count here, those written twice do so once."""
        kinds = {"ok": "ok", "down": "down"}
        return [
            Checked(seen.slot, at, kinds.get(seen.kind, "other"), seen.total_us)
            for at, seen in self._life.checks
        ]

    def _count(self, seen: Seen, at: datetime) -> None:
        if seen.kind not in {"ok", "down"}:
            self._row = []
            self._say(seen.kind, seen.slot, at)
            return
        if self._row and self._row[-1].kind != seen.kind:
            self._row = []
        self._row.append(seen)
        first, incident = self._row[0], self.open
        if seen.kind == "down":
            if incident is None and len(self._row) >= self._life.down_after:
                incident = Incident(first.slot, at, first.cause)
                self.incidents.append(incident)
            if incident:
                self._say("down", first.slot, at)
        elif incident is None:
            self._say("up", seen.slot, at)
        elif len(self._row) >= self._life.up_after:
            incident.ended = first.slot
            self._say("up", first.slot, at)

    def _sweep(self, at: datetime) -> None:
        patience = self._life.timeout + max(2 * self._life.interval, timedelta(seconds=30))
        if self._newest and self._newest + patience < at and self.status != "no_data":
            self._row = []
            self._say("no_data", self._newest + self._life.interval, at)

    def _say(self, status: str, since: datetime, at: datetime) -> None:
        if status != self.status:
            self.changes.append(Change(since, at, status))
