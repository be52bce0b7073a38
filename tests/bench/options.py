"""What can be asked of the bench."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured, and for how long (seconds)."""

    monitors: int
    interval: int
    seconds: int
    warmup: int
    json: Path | None
    verdict: bool
    floor: bool

    def as_json(self) -> dict[str, int]:
        """What sets one run apart from another."""
        wanted = ("monitors", "interval", "seconds", "warmup")
        return {name: value for name, value in asdict(self).items() if name in wanted}


def read_options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure what a check costs, how late it starts, and what is missed."
    )
    parser.add_argument("--monitors", type=_positive, default=5000, help="default 5000")
    parser.add_argument("--interval", type=_interval, default=5, help="seconds between checks, default 5")
    parser.add_argument("--seconds", type=_positive, default=60, help="length of the window, default 60")
    parser.add_argument("--warmup", type=_positive, default=15, help="seconds before the window, default 15")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--no-verdict", dest="verdict", action="store_false", help="exit 0 whatever was found"
    )
    parser.add_argument("--no-floor", dest="floor", action="store_false", help="leave out the run of `ab`")
    return Options(**vars(parser.parse_args()))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _interval(text: str) -> int:
    value = int(text)
    if not 5 <= value <= 86_400:
        raise argparse.ArgumentTypeError("must be from 5 to 86400")
    return value
