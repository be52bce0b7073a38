"""What open pages cost: the web process's share of a core with 200, and how fast others are meanwhile.

    .venv/bin/python tests/bench/pages.py --help

Starts `emeter up` with its monitors and a target of its own, opens pages as browsers do, listens to their
streams, and fetches a page again whenever its stream asks for that, as the script of the pages does.
"""

import argparse
import json
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import processes
from browsers import Browsers
from flapping import Flapping, add_flapping
from house import fresh_directory
from instance import Instance, NotReady
from monitors import add_monitors, addresses
from nginx import NoNginx, find_nginx
from progress import Progress
from scenarios import Scenario
from target import Target
from visitor import Visitor

MOST_SHARE = 0.10
MOST_WAIT_MS = 1000.0
MOST_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """How many, and for how long (seconds)."""

    pages: int
    monitors: int
    interval: int
    flapping: int
    seconds: int
    json: Path | None


def main() -> int:
    """Run it; 0 where every figure is as promised."""
    asked = _read()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        figures = _measure(asked)
    except (NoNginx, NotReady) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    findings = _judge(figures)
    print("\n".join(["FAILED:", *findings] if findings else ["PASSED"]))
    return 1 if findings else 0


def _measure(asked: Asked) -> dict[str, object]:
    progress = Progress()
    nginx = find_nginx(progress)
    with ExitStack() as stack:
        directory = stack.enter_context(fresh_directory())
        target = stack.enter_context(Target(nginx, directory / "target"))
        flapping = stack.enter_context(Flapping())
        progress.say("Starting `emeter up` ...")
        instance = stack.enter_context(Instance(directory / "data", directory / "up.log"))
        scenario = Scenario("pages", asked.monitors, asked.interval)
        add_monitors(instance, addresses(scenario, target, ""), scenario)
        add_flapping(instance, flapping.url, asked.flapping)
        visitor = Visitor(instance.port)
        visitor.log_in()
        progress.say(f"{asked.monitors:,} monitors at {asked.interval} s; letting them settle ...")
        time.sleep(min(asked.interval, 30) + 15)
        figures: dict[str, object] = {"options": {**_words(asked)}}
        figures["before"] = _watch(instance, asked, progress, "no page open")
        figures["visits_before"] = visitor.visit(asked.seconds // 2)
        with Browsers(visitor, asked.pages) as browsers:
            progress.say(f"{asked.pages} pages opened; letting them settle ...")
            time.sleep(10)
            browsers.reset()
            figures["open"] = _watch(instance, asked, progress, "pages open") | browsers.figures()
            progress.say("Visiting while they are open ...")
            figures["visits_meanwhile"] = visitor.visit(asked.seconds)
            progress.say("Stopping the web process ...")
            figures["stopped_in_s"] = _stop(instance)
        figures["troubles"] = [line for line in instance.troubles() if "starting it again" not in line]
        return figures


def _watch(instance: Instance, asked: Asked, progress: Progress, what: str) -> dict[str, object]:
    """The shares of a core that each process uses for a while."""
    progress.say(f"Measuring, {what} ...")
    begin, began = processes.cpu_by_role(instance.pid), time.monotonic()
    time.sleep(asked.seconds)
    end, passed_ms = processes.cpu_by_role(instance.pid), (time.monotonic() - began) * 1000
    instance.require_running()
    return {"share": {role: round((end[role] - begin.get(role, 0)) / passed_ms, 4) for role in sorted(end)}}


def _stop(instance: Instance) -> float:
    """How long the web process takes to end; the supervisor starts another one."""
    pid = processes.pid_of(instance.pid, "web")
    begun = time.monotonic()
    processes.stop(pid)
    while processes.is_alive(pid) and time.monotonic() - begun < 30:
        time.sleep(0.01)
    return round(time.monotonic() - begun, 2)


def _judge(figures: dict[str, object]) -> list[str]:
    opened, visits = figures["open"], figures["visits_meanwhile"]
    assert isinstance(opened, dict)
    assert isinstance(visits, dict)
    share = opened["share"]["web"]
    slow = [name for name, told in visits.items() if told["max_ms"] > MOST_WAIT_MS]
    findings = {
        f"{share:.1%} of a core, at most {MOST_SHARE:.0%} is allowed": share > MOST_SHARE,
        f"{opened['ended']} streams ended by themselves": opened["ended"],
        f"{opened['failed']} fetches failed": opened["failed"],
        f"somebody waited for more than {MOST_WAIT_MS:.0f} ms: {', '.join(slow)}": slow,
        f"the end took {figures['stopped_in_s']} s": float(str(figures["stopped_in_s"])) > MOST_STOP_S,
        f"{figures['troubles']}": figures["troubles"],
    }
    return [f"  - {text}" for text, is_found in findings.items() if is_found]


def _words(asked: Asked) -> dict[str, int]:
    return {name: getattr(asked, name) for name in ("pages", "monitors", "interval", "flapping", "seconds")}


def _read() -> Asked:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    for name, default, text in (
        ("pages", 200, "pages that are open"),
        ("monitors", 1000, "monitors of their team"),
        ("interval", 60, "seconds between checks"),
        ("flapping", 3, "monitors more that go down and up every half minute"),
        ("seconds", 60, "length of each measurement"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text}, default {default}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return Asked(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
