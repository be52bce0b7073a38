"""Run the suites: each package's with that package's own dependencies only, then tests/ with everything.

They start their own servers in directories of their own, so none of the caller's settings may reach them:
what is not named in KEPT is taken out of their environment.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, default_int_handler, signal
from xml.etree import ElementTree as ET

import cases
import foreground

PACKAGES = ("storage", "core", "web", "checker")
UV_RUN = (".tools/bin/uv", "run", "--quiet", "--frozen", "--isolated", "--exact", "--python=.venv/bin/python")
# The targets that run everything, unless arguments choose.
EVERYTHING = {"all", "cover"}
# Their tests measure no time and share no port, so two processes share them, with servers of their own each.
SHARED = {"core", "web"}
QUICK = ("-m", "not soak")
TWO_PROCESSES = ("--numprocesses=2", "--dist=worksteal")
GROUPS = ("--no-default-groups", "--group=test")
KEPT = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LD_LIBRARY_PATH", "CI"}
KEPT |= {
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
}


@dataclass(frozen=True)
class Suite:
    """A directory of tests, and the package in whose environment they run (None: the full one)."""

    name: str
    directory: str
    package: str | None = None

    def has_tests(self) -> bool:
        """Tell whether anything is there for pytest to find."""
        return any(Path(self.directory).rglob("test_*.py"))


@dataclass(frozen=True)
class Tally:
    """What came of a suite."""

    name: str
    code: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        """Sum up in the form that every runner of tests understands."""
        if not self.code and not self.passed and not self.skipped:
            return f"{self.name}: no tests yet"
        odd = f" (pytest exited with {self.code})" if self.code and not self.failed else ""
        return f"{self.name}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped{odd}"


def main(which: str, arguments: list[str]) -> int:
    """Run the suites asked for, all of them whatever fails, and sum up."""
    # A job in the background starts with SIGINT ignored, and so would pytest, which is ended by it.
    signal(SIGINT, default_int_handler)
    everything = [Suite(name, f"packages/{name}/tests", name) for name in PACKAGES]
    everything.append(Suite("tests", "tests"))
    suites = [suite for suite in everything if which in EVERYTHING | {suite.name}]
    is_full = which in EVERYTHING and not arguments
    if which == "soak":
        suites, arguments = everything[-1:], ["-m", "soak", *arguments]
    elif "-m" not in arguments:
        arguments = [*QUICK, *arguments]
    with tempfile.TemporaryDirectory(prefix="e-meter-suites-") as scratch:
        # Servers that drop root must be able to pass through it.
        Path(scratch).chmod(0o711)
        tallies = [run(suite, arguments, Path(scratch), cover=which == "cover") for suite in suites]
        verdicts = cases.verdicts((suite.name, report_of(suite, Path(scratch))) for suite in suites)
    if which == "cover":
        foreground.run([".venv/bin/coverage", "combine", "--quiet"])
        foreground.run([".venv/bin/coverage", "report"])
    sum_up(tallies)
    if which in EVERYTHING:
        # Who chose some of the tests did not want all of the cases.
        print(verdicts if is_full else verdicts.count)
    is_short = is_full and not verdicts.is_complete
    return int(is_short or any(tally.code for tally in tallies))


def run(suite: Suite, arguments: list[str], scratch: Path, *, cover: bool) -> Tally:
    """Run one suite in the foreground; pytest's own lines are seen as they come."""
    print(f"\n== {suite.name}", flush=True)
    if not suite.has_tests():
        return Tally(suite.name, code=0)
    report = report_of(suite, scratch)
    pytest = ["pytest", "-c", "pyproject.toml", "--rootdir=.", f"--junit-xml={report}"]
    if cover:
        pytest = ["coverage", "run", "--parallel-mode", "-m", *pytest]
    elif suite.name in SHARED and arguments == [*QUICK]:
        # Whoever chose some of the tests wants to see them one after the other.
        pytest += TWO_PROCESSES
    # SIGINT lets pytest take its fixtures down, SIGTERM would not.
    code = foreground.run(command(suite, [*pytest, *arguments, suite.directory], scratch), stop=SIGINT)
    return tally(suite.name, code, report)


def report_of(suite: Suite, scratch: Path) -> Path:
    """Where pytest tells what came of each test."""
    return scratch / f"{suite.name}.xml"


def command(suite: Suite, pytest: list[str], scratch: Path) -> list[str]:
    """Put pytest into the environment of the suite, behind a clean set of variables."""
    strange = [name for name in os.environ if name not in KEPT]
    # Short options: not every env knows the long ones.
    clean = [
        "env",
        *(part for name in strange for part in ("-u", name)),
        f"EMETER_DATA_DIR={scratch / 'data'}",
    ]
    if suite.package is None:
        return [*clean, f".venv/bin/{pytest[0]}", *pytest[1:]]
    # uv itself keeps the caller's variables: they may say where packages come from.
    return [*UV_RUN, *GROUPS, f"--package=emeter-{suite.package}", "--", *clean, *pytest]


def tally(name: str, code: int, report: Path) -> Tally:
    """Read the counts that pytest left; it leaves none when it could not begin."""
    suite = ET.parse(report).find("testsuite") if report.exists() else None  # noqa: S314 - pytest wrote it just now
    if suite is None:
        return Tally(name, code or 1)
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    skipped = int(suite.attrib["skipped"])
    return Tally(name, code, int(suite.attrib["tests"]) - failed - skipped, failed, skipped)


def sum_up(tallies: list[Tally]) -> None:
    """Close with a line for each suite and one for all."""
    print()
    for one in tallies:
        print(one)
    if len(tallies) > 1:
        code = max(one.code for one in tallies)
        passed, failed, skipped = (
            sum(getattr(one, count) for one in tallies) for count in ("passed", "failed", "skipped")
        )
        print(Tally("total", code, passed, failed, skipped))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
