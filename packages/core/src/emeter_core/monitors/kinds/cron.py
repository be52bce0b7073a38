"""Cron expressions: five fields, in a time zone, as Debian's cron reads them. Pure.

What is due at a fixed time that a change of clocks leaves out comes right after it, and once where the time
comes twice; what is due every so many minutes or hours goes by the time that passes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
MAX_SCHEDULE = 100
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def clean_schedule(text: str) -> str:
    """Check an expression, its fields one space apart; raises ValueError in plain words."""
    fields = text.split()
    if not fields:
        return ""
    if len(fields) != len(FIELDS):
        raise ValueError(f"must have five fields: {', '.join(FIELDS)}")
    schedule = " ".join(fields)
    try:
        next(CronSim(schedule, _ANY_DAY))
    except CronSimError as error:
        raise ValueError(f"is not a cron expression: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError("names a day that never comes") from None
    return schedule


def clean_zone(text: str) -> str:
    """Check the name of a time zone; raises ValueError in plain words."""
    name = text.strip()
    if name not in _known_zones():
        raise ValueError("must be a time zone like UTC or Europe/Berlin")
    return name


def next_run(schedule: str, zone: str, after: datetime) -> datetime:
    """The first instant strictly after `after` at which the schedule is due, in UTC."""
    return next(runs_after(schedule, zone, after))


def runs_after(schedule: str, zone: str, after: datetime) -> Iterator[datetime]:
    """All instants after `after` at which the schedule is due, in UTC."""
    for local in CronSim(schedule, after.astimezone(ZoneInfo(zone))):
        moment = local.astimezone(UTC)
        # In the hour that comes twice, the first one is meant: by then it may be over.
        if moment > after:
            yield moment
            after = moment


def usual_interval(schedule: str, zone: str) -> timedelta:
    """About how far apart two runs are."""
    runs = runs_after(schedule, zone, _ANY_DAY)
    first = next(runs)
    return next(runs) - first


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())
