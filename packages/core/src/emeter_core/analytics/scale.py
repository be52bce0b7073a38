"""How time is cut for people: buckets of minutes up to months, whole ones. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_BUCKETS = 5_000


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


class Timespan(NamedTuple):
    """From `since` to before `until`, both aware."""

    since: datetime
    until: datetime


class Scale(StrEnum):
    """How long a bucket is. Minutes to hours are those of UTC, days to months those of a time zone."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_LENGTHS = {
    Scale.MINUTE: timedelta(minutes=1),
    Scale.QUARTER: timedelta(minutes=15),
    Scale.HOUR: timedelta(hours=1),
    Scale.DAY: _DAY,
    Scale.WEEK: 7 * _DAY,
    Scale.MONTH: 31 * _DAY,
}


def edges(timespan: Timespan, scale: Scale, zone: ZoneInfo, *, now: datetime) -> list[datetime]:
    """Where the buckets that touch a time span begin, and where the last one ends: at `now` at the latest.

    All in UTC. Raises ValueError for more than 5,000 buckets.
    """
    since, until = timespan.since.astimezone(UTC), min(timespan.until, now).astimezone(UTC)
    if since >= until:
        return []
    if (until - since) / _LENGTHS[scale] > MOST_BUCKETS:
        raise ValueError(f"more than {MOST_BUCKETS} buckets: take a coarser scale")
    # A zone that left out a day has two begins at one instant.
    begins = sorted(set(_begins(since, scale, zone, until)))
    inside = [(begin, end) for begin, end in pairwise(begins) if begin < until and end > since]
    return [*(begin for begin, _ in inside), min(inside[-1][1], now.astimezone(UTC))]


def _begins(since: datetime, scale: Scale, zone: ZoneInfo, until: datetime) -> Iterator[datetime]:
    """The begins of buckets, from one at or before `since` to one at or after `until`."""
    if scale in {Scale.MINUTE, Scale.QUARTER, Scale.HOUR}:
        length = _LENGTHS[scale]
        moment = _EPOCH + (since - _EPOCH) // length * length
        while moment < until + length:
            yield moment
            moment += length
        return
    day = _first_day((since.astimezone(zone) - _DAY).date(), scale)
    last = _next_day(_next_day((until.astimezone(zone) + _DAY).date(), scale), scale)
    while day <= last:
        # A midnight that the clocks skip is the instant at which they do; of two the first counts.
        yield datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        day = _next_day(day, scale)


def _first_day(day: date, scale: Scale) -> date:
    if scale is Scale.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if scale is Scale.WEEK else day


def _next_day(day: date, scale: Scale) -> date:
    if scale is Scale.MONTH:
        return (day + timedelta(days=32)).replace(day=1)
    return day + (7 * _DAY if scale is Scale.WEEK else _DAY)
