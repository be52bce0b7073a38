"""`make bench`: what a check costs, how late it starts, and whether one is missed.

Measures one scenario after the other, each with a target of its own and a whole E-Meter in a fresh data
directory, watched from outside. See docs/bench.md for how each figure is taken.
"""

import json
import signal
import sys
from typing import Any

import floor
import machine
import page
import report
import verdict
from book import Book, circumstances
from helpers import NotPossible
from house import fresh_directory, house
from instance import NotReady
from measure import measure
from monitors import add_monitors, addresses
from nginx import NoNginx, find_nginx
from options import Options, read_options
from progress import Progress
from scenarios import PEERS, Scenario
from target import Target


def main() -> int:
    """Run the bench; 0 where all that is asked holds, 1 where not, 2 where it cannot run."""
    options = read_options()
    # Ctrl-C and make's SIGTERM end in the same way: everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        bench = Bench(options)
        bench.run()
    except NoNginx as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return bench.end()


class Bench:
    """All scenarios of one call."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._progress = Progress()
        self._nginx = find_nginx(self._progress)
        self._runs: dict[str, dict[str, Any]] = {}
        self._words: dict[str, str] = {}

    def run(self) -> None:
        """Measure one after the other; what one has found is written down before the next begins."""
        for scenario in self._options.scenarios:
            try:
                self._measure(scenario)
            except NotPossible as problem:
                self._words[scenario.name] = f"left out: {problem}"
                self._progress.say(f"{scenario.name} {self._words[scenario.name]}")
            except NotReady as problem:
                self._runs[scenario.name] = {"findings": [str(problem)]}
                self._progress.say(str(problem))
        if self._options.peers:
            self._peers()

    def end(self) -> int:
        """Say what holds and what does not."""
        if self._options.json:
            self._options.json.write_text(json.dumps(self._runs, indent=1) + "\n")
        failed = [name for name, run in self._runs.items() if run["findings"]]
        print()
        for name, words in self._words.items():
            print(f"{name:<16}{words}")
        print(f"FAILED: {', '.join(failed)}" if failed else "PASSED")
        return 1 if failed and self._options.judged else 0

    def _measure(self, scenario: Scenario) -> None:
        progress = self._progress
        about = circumstances(self._options.command)
        progress.say(f"{scenario.name}: {scenario.described()}; starting `emeter up` ...")
        with house(scenario, self._nginx) as parts:
            versions = machine.versions(parts.instance, parts.target)
            progress.say(f"Adding {scenario.monitors:,} monitors ...")
            address = addresses(scenario, parts.target, parts.silent_url)
            phases = add_monitors(parts.instance, address, scenario)
            figures = measure(parts, phases, scenario, progress)
            progress.say("Measuring the floor ...")
            figures["floor"] = floor.ab(parts.target.tls_url if scenario.tls else parts.target.url)
            progress.say("Stopping ...")
        findings = verdict.judge(scenario, figures)
        self._note(
            scenario.name,
            {"scenario": scenario.as_json(), **about, "figures": figures, "findings": findings},
            versions,
        )
        print("\n".join(report.lines(scenario, figures)))
        print("\n".join(report.verdict(findings)), flush=True)
        self._words[scenario.name] = report.line(figures, findings)

    def _peers(self) -> None:
        about = circumstances(self._options.command)
        with fresh_directory() as directory, Target(self._nginx, directory / "target") as target:
            figures = floor.peers(target, directory, self._progress)
        self._note(PEERS, {**about, "figures": figures, "findings": []}, {})
        print(f"\n{PEERS}:\n{json.dumps(figures, indent=1)}", flush=True)

    def _note(self, name: str, run: dict[str, Any], versions: dict[str, str]) -> None:
        self._runs[name] = run
        if self._options.recorded:
            book = Book.read()
            with fresh_directory() as directory:
                book.add(name, run, versions, directory)
            book.write()
            page.write(book)


if __name__ == "__main__":
    sys.exit(main())
