"""What can be asked of the bench."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scenarios import PEERS, SCENARIOS, Scenario


@dataclass(frozen=True, slots=True)
class Options:
    """What is to run, whether it is judged, and where its figures go."""

    scenarios: list[Scenario]
    peers: bool
    judged: bool
    recorded: bool
    json: Path | None
    command: str


def read_options(argv: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = _parser()
    asked = parser.parse_args(argv)
    names = asked.only or _usual(long=asked.long)
    unknown = [name for name in names if name not in {*SCENARIOS, PEERS}]
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}: there are {', '.join([*SCENARIOS, PEERS])}")
    scenarios = [SCENARIOS[name] for name in names if name != PEERS]
    peers, recorded = PEERS in names, asked.record
    if asked.monitors:
        scenarios, peers, recorded = [_own(asked)], False, False
    if asked.seconds or asked.warmup:
        scenarios, recorded = [_changed(each, asked) for each in scenarios], False
    return Options(scenarios, peers, asked.verdict, recorded, asked.json, _command(asked))


def _usual(*, long: bool) -> list[str]:
    """Those that take some minutes, and with `long` all."""
    return [*(name for name, each in SCENARIOS.items() if long or not each.is_long), PEERS]


def _command(asked: argparse.Namespace) -> str:
    """What repeats it; where its figures went besides is no part of it."""
    words = [f"--only {','.join(asked.only)}"] if asked.only else []
    words += ["--long"] if asked.long and not asked.only else []
    return f'make bench ARGS="{" ".join(words)}"' if words else "make bench"


def _own(asked: argparse.Namespace) -> Scenario:
    return Scenario(
        "own",
        asked.monitors,
        asked.interval,
        timeout=asked.timeout,
        names=asked.names,
        tls=asked.tls,
        hanging=asked.hanging,
        workers=asked.workers,
    )


def _changed(scenario: Scenario, asked: argparse.Namespace) -> Scenario:
    return replace(
        scenario, seconds=asked.seconds or scenario.seconds, warmup=asked.warmup or scenario.warmup
    )


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(
        f"  {each.name:<15} {each.described()}, {each.seconds} s{' (--long)' if each.is_long else ''}"
        for each in SCENARIOS.values()
    )
    parser = argparse.ArgumentParser(
        prog="make bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure what a check costs, how late it starts, and what is missed.",
        epilog=f"scenarios:\n{listed}\n  {PEERS:<15} `ab` and, where installed, prometheus-blackbox-exporter",
    )
    parser.add_argument("--only", type=_names, metavar="NAME[,NAME]", help="these scenarios alone")
    parser.add_argument("--long", action="store_true", help="all scenarios, those of ten minutes included")
    parser.add_argument("--seconds", type=_positive, help="another length of the window; not recorded")
    parser.add_argument("--warmup", type=_positive, help="another length of the warm-up; not recorded")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures of this run there")
    parser.add_argument(
        "--no-record", dest="record", action="store_false", help="leave docs/bench.md as it is"
    )
    parser.add_argument(
        "--no-verdict", dest="verdict", action="store_false", help="exit 0 whatever was found"
    )
    own = parser.add_argument_group("a scenario of your own, not recorded")
    own.add_argument("--monitors", type=_positive, help="how many; this begins it")
    own.add_argument("--interval", type=_interval, default=10, help="seconds between checks, default 10")
    own.add_argument("--timeout", type=_positive, default=5, help="seconds, default 5")
    own.add_argument("--names", action="store_true", help="by name, each looked up anew")
    own.add_argument("--tls", action="store_true", help="HTTPS, a full handshake each")
    own.add_argument("--hanging", type=_percent, default=0, help="percent that never answer, default 0")
    own.add_argument("--workers", type=_positive, default=1, help="EMETER_WORKERS, default 1")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _positive(text: str) -> int:
    return _within(text, 1, 10_000_000)


def _interval(text: str) -> int:
    return _within(text, 5, 86_400)


def _percent(text: str) -> int:
    return _within(text, 0, 100)


def _within(text: str, least: int, most: int) -> int:
    value = int(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
    return value
