"""What is measured, by name, and what must hold there."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold in a scenario besides that nothing is missed; None where nothing is asked.

    CPU in ms per check, lateness as p99 in ms, at the target and by the engine; `misses` where more is asked
    than a machine can do.
    """

    cpu_ms: float | None = None
    rate: float | None = None
    late_ms: float | None = None
    bytes: float | None = None
    misses: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Monitors and how they are checked. Times in seconds; `hanging` is a share in percent."""

    name: str
    monitors: int
    interval: int
    seconds: int = 60
    warmup: int = 15
    timeout: int = 5
    names: bool = False
    tls: bool = False
    hanging: int = 0
    workers: int = 1
    is_long: bool = False
    limits: Limits = Limits()

    @property
    def rate(self) -> float:
        """Checks per second that it asks for."""
        return self.monitors / self.interval

    def hangs(self, number: int) -> bool:
        """Whether the target of a monitor never answers; they are spread evenly."""
        return (number + 1) * self.hanging // 100 != number * self.hanging // 100

    @property
    def hangs_in_all(self) -> int:
        """How many of them there are."""
        return self.monitors * self.hanging // 100

    def described(self) -> str:
        """In words, for a heading or a table."""
        parts = [
            f"{self.monitors:,} monitors at {self.interval} s",
            "by name" if self.names else "by address",
        ]
        parts += ["HTTPS"] if self.tls else []
        parts += [f"{self.hanging} % hang"] if self.hanging else []
        parts += [f"{self.workers} workers"] if self.workers > 1 else []
        return ", ".join(parts)

    def as_json(self) -> dict[str, object]:
        """All of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, object]) -> "Scenario":
        """What `as_json` has made."""
        return cls(**told | {"limits": Limits(**told["limits"])})  # type: ignore[arg-type]  # our own writing


_BY_ADDRESS = Limits(cpu_ms=0.40, rate=999, bytes=105)
_BY_NAME = Limits(cpu_ms=0.52, rate=999, bytes=105)
_LONG = Limits(late_ms=15, bytes=105)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("500", 500, 10, limits=Limits(late_ms=5)),
        Scenario("500-names", 500, 10, names=True, limits=Limits(late_ms=5)),
        Scenario("2000", 2_000, 10, 40),
        Scenario("2000-names", 2_000, 10, 40, names=True),
        Scenario("10000", 10_000, 10, limits=_BY_ADDRESS),
        Scenario("10000-names", 10_000, 10, names=True, limits=_BY_NAME),
        # With 2 cores for both ends of the handshake, and its part for the target.
        Scenario("https", 2_500, 5, 40, tls=True, limits=Limits(cpu_ms=1.9)),
        # Those that hang are down after three slots.
        Scenario("hanging", 2_000, 10, 40, 40, hanging=10),
        Scenario("3000-per-s", 15_000, 5, limits=Limits(rate=2_999, bytes=105)),
        Scenario("most", 30_000, 5, limits=Limits(rate=2_999, misses=True)),
        Scenario("3000-per-s-2w", 15_000, 5, workers=2, is_long=True, limits=Limits(rate=2_999)),
        Scenario("most-2w", 30_000, 5, workers=2, is_long=True, limits=Limits(rate=2_999, misses=True)),
        Scenario("10min", 10_000, 60, 600, 75, timeout=10, is_long=True, limits=_LONG),
        # Their confirmations are over 60 + 10 + 20 + 10 s after the start.
        Scenario(
            "10min-hanging",
            10_000,
            60,
            600,
            115,
            timeout=10,
            hanging=10,
            is_long=True,
            limits=Limits(late_ms=15),
        ),
    )
}
PEERS = "peers"
"""The name of the one that measures others: `ab` and the blackbox exporter."""
