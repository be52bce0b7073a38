"""Where the figures of buckets come from: the coarsest rollups in them, single results for the rest. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from emeter_core.rollups.level import DAY, HOUR, LEVELS, QUARTER, RAW, Level

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Reach(NamedTuple):
    """What there is of a level: made until `done_until` (None: none), kept since `kept_since` (None: all)."""

    done_until: datetime | None
    kept_since: datetime | None


class Stretch(NamedTuple):
    """A part of a bucket (its number) and the level that tells of it; None stands for single results."""

    bucket: int
    level: Level | None
    since: datetime
    until: datetime


Reaches = Mapping[str, Reach]


def kept_edges(edges: Sequence[datetime], reaches: Reaches) -> list[datetime]:
    """Move edges to where the levels that are kept of that time have one; buckets that vanish are left out.

    Whole quarter hours stay as they are while those are kept, whole hours while those are; what is older is
    cut at midnight in UTC. Edges go back, but for the last one, which goes on: nothing asked for is left out.
    """
    if not edges:
        return []
    *begins, end = edges
    level = _finest_kept(end, reaches)
    moved = {_back(edge, _finest_kept(edge, reaches)) for edge in begins}
    return sorted(moved | {level.ceil(end) if level else end})


def stretches(edges: Sequence[datetime], reaches: Reaches) -> Iterator[Stretch]:
    """Cut the buckets between `edges` into stretches, oldest first."""
    known = [
        (level, level.ceil(kept_since or _LONG_AGO), level.floor(done_until or _LONG_AGO))
        for level in reversed(LEVELS)
        for done_until, kept_since in [reaches[level.name]]
    ]
    for bucket, (since, until) in enumerate(pairwise(edges)):
        yield from _cut(bucket, since, until, known)


def _finest_kept(edge: datetime, reaches: Reaches) -> Level | None:
    """The finest level that is kept of that time; None where single results are."""
    if _is_kept(edge, reaches[RAW]):
        return None
    return next((level for level in (QUARTER, HOUR) if _is_kept(edge, reaches[level.name])), DAY)


def _back(edge: datetime, level: Level | None) -> datetime:
    return level.floor(edge) if level else edge


def _is_kept(moment: datetime, reach: Reach) -> bool:
    return reach.kept_since is None or moment >= reach.kept_since


def _cut(
    bucket: int, since: datetime, until: datetime, known: Sequence[tuple[Level, datetime, datetime]]
) -> Iterator[Stretch]:
    """Take what the coarsest level of `known` (and since when, until when) has, the rest of finer ones."""
    if since >= until:
        return
    if not known:
        yield Stretch(bucket, None, since, until)
        return
    (level, kept_since, done_until), *finer = known
    first, after = max(level.ceil(since), kept_since), min(level.floor(until), done_until)
    if first >= after:
        yield from _cut(bucket, since, until, finer)
        return
    yield from _cut(bucket, since, first, finer)
    yield Stretch(bucket, level, first, after)
    yield from _cut(bucket, after, until, finer)
