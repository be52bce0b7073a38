"""Rollups: what results and statuses add up to by quarter hour, hour and day of UTC.

The tables and their forms alone: `analytics` makes and reads them, and whoever writes of a time that they may
be made of marks it dirty.
"""

from emeter_core.rollups.dirty import DirtyRollup, mark_dirty
from emeter_core.rollups.level import DAY, HOUR, LEVELS, QUARTER, RAW, Level
from emeter_core.rollups.progress import RollupProgress
from emeter_core.rollups.rollup import DayRollup, HourRollup, QuarterRollup

__all__ = [
    "DAY",
    "HOUR",
    "LEVELS",
    "QUARTER",
    "RAW",
    "DayRollup",
    "DirtyRollup",
    "HourRollup",
    "Level",
    "QuarterRollup",
    "RollupProgress",
    "mark_dirty",
]
