"""How long the history is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for which single results, quarter hours, hours and days are kept; 0 is for ever."""

    raw: int = 14
    quarter: int = 90
    hour: int = 730
    day: int = 0


USUAL = Retention()
