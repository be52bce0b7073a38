"""What a bucket tells, and the sums that it is made of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from emeter_core.analytics.span import NOTHING
from emeter_core.analytics.uptime import DOWN, UP, Uptime, uptime_of
from emeter_core.monitors.status import Status
from emeter_core.outcome import Phases
from emeter_core.rollups.histogram import bucket_of, exact_percentile, merge, percentile

_PHASES = 4
_UNKNOWN = bucket_of(0)


@dataclass(slots=True)
class Sums:
    """Figures that add up. `values` are latencies of single results, `histograms` hold all others, packed.

    `timed` are those of `ok` whose length is known: all but runs that never told their start. Of these alone
    are all latencies.
    """

    checks: int = 0
    ok: int = 0
    failures: int = 0
    timed: int = 0
    total_us: int = 0
    least: int | None = None
    most: int | None = None
    phases: list[float] = field(default_factory=lambda: [0.0] * _PHASES)
    values: list[int] = field(default_factory=list)
    histograms: list[bytes] = field(default_factory=list)
    times: dict[Status, timedelta] = field(default_factory=dict)

    def add(self, other: "Sums") -> None:
        """Take the figures of another stretch of time in."""
        self.checks += other.checks
        self.ok += other.ok
        self.failures += other.failures
        self.timed += other.timed
        self.total_us += other.total_us
        self.least = min(_known(self.least, other.least), default=None)
        self.most = max(_known(self.most, other.most), default=None)
        self.phases = [mine + more for mine, more in zip(self.phases, other.phases, strict=True)]
        self.values += other.values
        self.histograms += other.histograms
        for status, time in other.times.items():
            self.add_time(status, time)

    def add_time(self, status: Status, time: timedelta) -> None:
        """It had this status for so much longer."""
        self.times[status] = self.times.get(status, NOTHING) + time


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a monitor was from `since` to before `until`; latencies in microseconds, of what succeeded alone.

    A success whose length is not known has no say in them: they are None where there is nothing else.
    `least`, `most` and `mean` are exact, as far as what is stored is (see `microseconds`), and so are
    percentiles made of single results (`is_exact`); those of rollups are off by 2.5 % at most. All but times
    are computed when they are asked for.
    """

    since: datetime
    until: datetime
    sums: Sums

    @property
    def checks(self) -> int:
        """How many checks there were, whatever they found."""
        return self.sums.checks

    @property
    def ok(self) -> int:
        """How many of them succeeded."""
        return self.sums.ok

    @property
    def failures(self) -> int:
        """How many of them found the target down."""
        return self.sums.failures

    @property
    def timed(self) -> int:
        """How many succeeded and told how long they took: what all latencies are made of."""
        return self.sums.timed

    @property
    def times(self) -> Mapping[Status, timedelta]:
        """How long the monitor had each status, as its changes say."""
        return self.sums.times

    @property
    def uptime(self) -> Uptime:
        """The share of the measured time in which it was up."""
        up = sum((self.times.get(status, NOTHING) for status in UP), NOTHING)
        return uptime_of(up, sum((self.times.get(status, NOTHING) for status in DOWN), NOTHING))

    @property
    def least(self) -> int | None:
        """The shortest latency."""
        return self.sums.least

    @property
    def most(self) -> int | None:
        """The longest latency."""
        return self.sums.most

    @property
    def mean(self) -> int | None:
        """The mean latency."""
        return round(self.sums.total_us / self.timed) if self.timed else None

    @property
    def p50(self) -> int | None:
        """The latency that half of the checks did not exceed."""
        return self.percentiles(0.5)[0]

    @property
    def p90(self) -> int | None:
        """The latency that 90 % of the checks did not exceed."""
        return self.percentiles(0.9)[0]

    @property
    def p95(self) -> int | None:
        """The latency that 95 % of the checks did not exceed."""
        return self.percentiles(0.95)[0]

    @property
    def p99(self) -> int | None:
        """The latency that 99 % of the checks did not exceed."""
        return self.percentiles(0.99)[0]

    @property
    def is_exact(self) -> bool:
        """Whether percentiles are those of single results."""
        return not self.sums.histograms

    @property
    def phases(self) -> Phases | None:
        """Their means; the transfer is what the others leave of the whole, as for a single check."""
        if not self.timed:
            return None
        dns, connect, tls, wait = (round(total / self.timed) for total in self.sums.phases)
        transfer = round(self.sums.total_us / self.timed) - dns - connect - tls - wait
        return Phases(dns, connect, tls, wait, max(0, transfer))

    def percentiles(self, *shares: float) -> list[int | None]:
        """The latencies that these shares (0 to 1) of the checks did not exceed."""
        if not self.timed or self.most is None:
            return [None] * len(shares)
        if self.is_exact:
            ordered = sorted(self.sums.values)
            return [exact_percentile(ordered, share) for share in shares]
        counts = merge(self.sums.histograms, self.sums.values)
        counts.pop(_UNKNOWN, None)
        return [percentile(counts, share, least=self.least or 0, most=self.most) for share in shares]


def joined(buckets: Sequence[Bucket]) -> Bucket:
    """Take buckets that follow each other as one; raises IndexError where there is none."""
    sums = Sums()
    for bucket in buckets:
        sums.add(bucket.sums)
    return Bucket(buckets[0].since, buckets[-1].until, sums)


def _known(*values: int | None) -> list[int]:
    return [value for value in values if value is not None]
