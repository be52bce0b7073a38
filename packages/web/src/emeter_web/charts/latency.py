"""Latency over time: phases stacked from DNS up, gaps where no check was, bands where it was wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from emeter_web import formats
from emeter_web.charts import ruler
from emeter_web.charts.paths import line, number, runs
from emeter_web.charts.times import Mark, marks

WIDTH, HEIGHT = 960, 240
_QUARTERS = 4
_PHASES = 5
# Two flags nearer than this (percent) would run into each other.
_APART = 14
_FLIP_FROM = 80
_LOUD = {"down": "down", "degraded": "slow", "maintenance": "maintenance"}

Means = Sequence[float | None]


class Series(Protocol):
    """Of each stretch of time the means in microseconds, None where no check was, and how many failed."""

    @property
    def at(self) -> Sequence[datetime]: ...  # noqa: D102
    @property
    def dns(self) -> Means: ...  # noqa: D102
    @property
    def connect(self) -> Means: ...  # noqa: D102
    @property
    def tls(self) -> Means: ...  # noqa: D102
    @property
    def wait(self) -> Means: ...  # noqa: D102
    @property
    def transfer(self) -> Means: ...  # noqa: D102
    @property
    def failures(self) -> Sequence[int]: ...  # noqa: D102


class Stretch(Protocol):
    """A status, from when to when."""

    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def since(self) -> datetime: ...  # noqa: D102
    @property
    def until(self) -> datetime: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch in which something was wrong, in px."""

    status: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Flag:
    """The words above a band, at a percent of the width; flipped ones stand to the left of it."""

    status: str
    x: int
    text: str
    flip: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The means (microseconds) of one stretch of time."""

    at: datetime
    dns: float
    connect: float
    tls: float
    wait: float
    transfer: float

    @property
    def total(self) -> float:
        """Their sum."""
        return self.dns + self.connect + self.tls + self.wait + self.transfer


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the macro draws; `areas` go from DNS up, `limit` is where the dashed line stands.

    `last` is the newest stretch of time with values; where there is none, `silent_at` is the newest of those
    in which checks failed.
    """

    areas: tuple[str, ...]
    y: tuple[str, ...]
    x: tuple[Mark, ...]
    bands: tuple[Band, ...]
    flags: tuple[Flag, ...]
    limit: str
    limit_text: str
    top_ms: float
    last: Reading | None
    silent_at: datetime | None


def draw(
    series: Series,
    *,
    since: datetime,
    until: datetime,
    spans: Sequence[Stretch] = (),
    limit_us: int | None = None,
) -> Chart:
    """Draw a series over [since, until]; from `limit_us` on a monitor is degraded."""
    phases = [series.dns, series.connect, series.tls, series.wait, series.transfer]
    tops = _stack(phases, len(series.at))
    known = [top for top in tops[-1] if top is not None]
    top = ruler.end_of(max([*known, limit_us or 0]) * 1.02 if known or limit_us else 400_000)
    slot = WIDTH / max(len(series.at), 1)
    areas = tuple(
        _area(tops[index], tops[index - 1] if index else None, slot, top) for index in range(_PHASES)
    )
    bands = [span for span in spans if span.status in _LOUD]
    return Chart(
        areas if known else (),
        ruler.words(top, _QUARTERS),
        tuple(marks(since, until)),
        tuple(_band(span, since, until) for span in bands),
        tuple(_flags(bands, since, until)),
        number(HEIGHT - limit_us / top * HEIGHT) if limit_us else "",
        f"limit {formats.ms(limit_us)}" if limit_us else "",
        top / 1_000,
        _last(series, phases),
        None if known else _silent_at(series),
    )


def _last(series: Series, phases: Sequence[Means]) -> Reading | None:
    for index in reversed(range(len(series.at))):
        means = [mean for phase in phases if (mean := phase[index]) is not None]
        if len(means) == len(phases):
            return Reading(series.at[index], *means)
    return None


def _silent_at(series: Series) -> datetime | None:
    failed = [at for at, failures in zip(series.at, series.failures, strict=True) if failures]
    return failed[-1] if failed else None


def _stack(phases: Sequence[Means], length: int) -> list[list[float | None]]:
    """Sum the phases up, so that the last one is the total."""
    tops: list[list[float | None]] = []
    for phase in phases:
        below = tops[-1] if tops else [0.0] * length
        tops.append(
            [
                None if value is None or under is None else value + under
                for value, under in zip(phase, below, strict=True)
            ]
        )
    return tops


def _area(upper: Means, lower: Means | None, slot: float, top: float) -> str:
    """Draw one phase, each stretch without a gap by itself, as wide as its slots."""
    return "".join(_outline(run, upper, lower, slot, top) for run in runs(upper))


def _outline(run: range, upper: Means, lower: Means | None, slot: float, top: float) -> str:
    def edge(values: Means | None) -> list[tuple[float, float]]:
        heights = [HEIGHT - ((values[index] or 0) if values else 0) / top * HEIGHT for index in run]
        middles = [((index + 0.5) * slot, y) for index, y in zip(run, heights, strict=True)]
        return [(run.start * slot, heights[0]), *middles, (run.stop * slot, heights[-1])]

    return line([*edge(upper), *reversed(edge(lower))]) + "Z"


def _share(at: datetime, since: datetime, until: datetime) -> float:
    return min(max((at - since) / (until - since), 0.0), 1.0)


def _band(span: Stretch, since: datetime, until: datetime) -> Band:
    left, right = _share(span.since, since, until) * WIDTH, _share(span.until, since, until) * WIDTH
    return Band(span.status, number(left), number(max(right - left, 1)))


def _flags(bands: Sequence[Stretch], since: datetime, until: datetime) -> Iterator[Flag]:
    """Name the bands, what was down before what was slow, the longest first, as far as there is room."""
    taken: list[int] = []
    for span in sorted(bands, key=lambda span: (span.status != "down", span.since - span.until)):
        # The flag of a stretch at the right edge begins at its end, to the left.
        x = round(_share(span.since, since, until) * 100)
        if all(abs(x - other) >= _APART for other in taken):
            taken.append(x)
            duration = formats.length(timedelta(seconds=int((span.until - span.since).total_seconds())))
            yield Flag(span.status, x, f"{_LOUD[span.status]} {duration}", x >= _FLIP_FROM)
