"""Levels: how long the periods are that a table holds, each counted from 1970 in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RAW = "raw"
"""The name of the level below all: single results."""


@dataclass(frozen=True, slots=True)
class Level:
    """A table of rollups: its periods have this length, and are made of those of the level `below`."""

    name: str
    length: timedelta
    below: "Level | None" = None

    @property
    def table(self) -> str:
        """Where its rows are."""
        return f"rollups_{self.name}"

    @property
    def source(self) -> str:
        """The name of the level that its checks are counted from."""
        return self.below.name if self.below else RAW

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        return self.length // timedelta(seconds=1)

    def period(self, moment: datetime) -> int:
        """The number of the period that holds `moment`."""
        return (moment - _EPOCH) // self.length

    def begin(self, period: int) -> datetime:
        """When the period with this number begins."""
        return _EPOCH + period * self.length

    def floor(self, moment: datetime) -> datetime:
        """The begin of the period that holds `moment`."""
        return self.begin(self.period(moment))

    def ceil(self, moment: datetime) -> datetime:
        """The first begin of a period at or after `moment`."""
        return self.begin(-((_EPOCH - moment) // self.length))

    def sql_begin(self, period: str) -> str:
        """SQL for `begin`."""
        return f"('epoch'::timestamptz + ({period}) * interval '{self.seconds} seconds')"

    def sql_period(self, moment: str) -> str:
        """SQL for `period`; exact, as `extract` makes a decimal number."""
        return f"floor(extract(epoch FROM {moment}) / {self.seconds})::int"


QUARTER = Level("quarter", timedelta(minutes=15))
HOUR = Level("hour", timedelta(hours=1), QUARTER)
DAY = Level("day", timedelta(days=1), HOUR)
LEVELS = (QUARTER, HOUR, DAY)
"""From fine to coarse: the order in which they are made."""
