"""Which periods of which monitors are to be made: runs of them that do not overlap."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from emeter_core.rollups import DAY, QUARTER, DirtyRollup, Level

_MOST_MARKS = 500


class Piece(NamedTuple):
    """The periods of a monitor from `first` to before `after`."""

    monitor_id: int
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class DirtyPeriods:
    """The quarter hours to be made anew, as (monitor, period); in `checks` those with other checks, too."""

    statuses: set[tuple[int, int]] = field(default_factory=set)
    checks: set[tuple[int, int]] = field(default_factory=set)

    def pieces(
        self, level: Level, *, since: int, until: int, checks: bool, besides: Sequence[Piece] = ()
    ) -> list[Piece]:
        """Those of a level between the periods `since` and `until`, without those of `besides`."""
        ratio = level.seconds // QUARTER.seconds
        quarters = self.checks if checks else self.statuses | self.checks
        wanted = {(monitor_id, period // ratio) for monitor_id, period in quarters}
        done = {(piece.monitor_id, period) for piece in besides for period in range(piece.first, piece.after)}
        return _runs(each for each in wanted - done if since <= each[1] < until)


def take_dirty(session: Session, most: int) -> DirtyPeriods | None:
    """Take marks off, oldest first, as far as they mark `most` quarter hours; None where none is left."""
    marks = session.scalars(select(DirtyRollup).order_by(DirtyRollup.id).limit(_MOST_MARKS)).all()
    if not marks:
        return None
    found = DirtyPeriods()
    done: list[int] = []
    for mark in marks:
        first, after = QUARTER.period(mark.since), QUARTER.period(QUARTER.ceil(mark.until))
        last = min(after, first + most - len(found.statuses))
        periods = {(mark.monitor_id, period) for period in range(first, last)}
        found.statuses.update(periods)
        if mark.checks:
            found.checks.update(periods)
        if last < after:
            mark.since = QUARTER.begin(max(last, first))
            break
        done.append(mark.id)
    session.execute(delete(DirtyRollup).where(DirtyRollup.id.in_(done)))
    session.flush()
    return found


def by_day(level: Level, pieces: Iterable[Piece]) -> list[Piece]:
    """Cut pieces where days of UTC begin."""
    return [part for piece in pieces for part in _cut(piece, DAY.seconds // level.seconds)]


def _cut(piece: Piece, a_day: int) -> Iterator[Piece]:
    first = piece.first
    while first < piece.after:
        after = min(piece.after, (first // a_day + 1) * a_day)
        yield Piece(piece.monitor_id, first, after)
        first = after


def _runs(periods: Iterable[tuple[int, int]]) -> list[Piece]:
    """Join periods of a monitor that follow each other."""
    runs = []
    # What follows each other has the same distance to its place in the order.
    numbered = enumerate(sorted(periods))
    for (monitor_id, _), group in groupby(numbered, lambda each: (each[1][0], each[1][1] - each[0])):
        members = [period for _, (_, period) in group]
        runs.append(Piece(monitor_id, members[0], members[-1] + 1))
    return runs
