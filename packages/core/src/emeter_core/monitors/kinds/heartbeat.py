"""The `heartbeat` kind: nobody is asked; a job tells us that it ran, and we notice when it does not."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from emeter_core.monitors.kinds.base import Facts, Kind, KindSettings
from emeter_core.monitors.kinds.cron import (
    MAX_SCHEDULE,
    clean_schedule,
    clean_zone,
    next_run,
    runs_after,
    usual_interval,
)
from emeter_core.monitors.kinds.lengths import read_length, say_length
from emeter_core.outcome import Reason

TARGET = "heartbeat://"
SHORTEST, LONGEST = 60, 366 * 86_400
DAY, HOUR, MINUTE = 86_400, 3_600, 60
_ZONES_MAX = 64


def _seconds(given: Any) -> Any:  # noqa: ANN401 - whatever was given; Pydantic judges what it is then
    return read_length(given) if isinstance(given, str) else given


def _in_range(seconds: int) -> int:
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f"must be from {say_length(SHORTEST)} to {say_length(LONGEST)}")
    return seconds


def _in_range_or_none(seconds: int) -> int:
    return seconds and _in_range(seconds)


_Length = Annotated[int, BeforeValidator(_seconds), AfterValidator(_in_range)]
_OptionalLength = Annotated[int, BeforeValidator(_seconds), AfterValidator(_in_range_or_none)]


class HeartbeatSettings(KindSettings):
    """When a job is expected; lengths in seconds.

    Every `period` after it was last heard of, or by `schedule`, a cron expression that is read in
    `time_zone`; then it has `grace`. A run that said that it began has `longest_run` to end (0: the grace).
    """

    period: _Length = DAY
    grace: _Length = HOUR
    schedule: Annotated[str, Field(max_length=MAX_SCHEDULE), AfterValidator(clean_schedule)] = ""
    time_zone: Annotated[str, Field(max_length=_ZONES_MAX), AfterValidator(clean_zone)] = "UTC"
    longest_run: _OptionalLength = 0

    @property
    def patience(self) -> timedelta:
        """How long after the expected instant a heartbeat may come."""
        return timedelta(seconds=self.grace)

    @property
    def run_limit(self) -> timedelta:
        """How long a run that began may take."""
        return timedelta(seconds=self.longest_run or self.grace)

    def next_expected(self, after: datetime) -> datetime:
        """When a job that was last heard of at `after` is expected next."""
        if self.schedule:
            return next_run(self.schedule, self.time_zone, after)
        return after + timedelta(seconds=self.period)

    def preview(self, after: datetime, *, limit: int = 5) -> list[datetime]:
        """The next runs of the schedule; none without one, as then all depends on the job."""
        return list(islice(self._runs(after), limit)) if self.schedule else []

    def described(self) -> str:
        """When it is expected: `Heartbeat every 5 min, grace 1 min`."""
        return f"Heartbeat {self.rhythm}"

    @property
    def rhythm(self) -> str:
        """When it is expected, in words."""
        if self.schedule:
            return f"by {self.schedule}, {self.time_zone}, grace {say_length(self.grace)}"
        return f"every {say_length(self.period)}, grace {say_length(self.grace)}"

    def expected(self, reason: Reason) -> dict[str, object]:
        """What was not kept to."""
        if reason is Reason.HEARTBEAT_MISSING:
            return {"rhythm": self.rhythm}
        if reason is Reason.RUN_TOO_LONG:
            return {"limit": say_length(self.longest_run or self.grace)}
        return {}

    def shown_target(self, target: str) -> str:
        """There is none: its place is taken by when it is expected."""
        return f"{target}{self.rhythm}"

    def interval(self) -> int:
        """About how many seconds are between two heartbeats."""
        if not self.schedule:
            return self.period
        return int(usual_interval(self.schedule, self.time_zone).total_seconds())

    def _runs(self, after: datetime) -> Iterator[datetime]:
        return runs_after(self.schedule, self.time_zone, after)


def clean_target(_text: str) -> str:
    """There is nothing to aim at."""
    return TARGET


def _facts(evidence: Mapping[str, Any]) -> Facts:
    code = evidence.get("code")
    if type(code) is int and code:
        yield "Exit code", str(code)
    told = evidence.get("heartbeat")
    for name, word in (("last", "Last heard of"), ("expected", "Expected"), ("began", "Began")):
        if isinstance(told, dict) and isinstance(told.get(name), str):
            yield word, told[name]


HEARTBEAT = Kind(
    name="heartbeat",
    settings=HeartbeatSettings,
    clean_target=clean_target,
    schemes=("heartbeat",),
    facts=_facts,
    is_polled=False,
    down_after=1,
    up_after=1,
)
