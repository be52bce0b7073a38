"""The 126 cases of the specification of accounts: which of them ran, by the names of the tests that passed.

A test carries its case in its name, as `test_a01_...`; several tests may stand for one case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

# How many cases there are of each letter: 101 of the generated system, and 25 that it leaves out.
_COUNTS = {"A": 51, "U": 15, "G": 4, "S": 8, "P": 8, "C": 6, "T": 9, "X": 25}
CASES = tuple(f"{letter}{number:02}" for letter, count in _COUNTS.items() for number in range(1, count + 1))
# The context is tested where it lives, guards and pages through HTTP; the others wherever they belong.
_SUITES = {"A": {"core"}, "X": {"core", "web"}}
_ELSEWHERE = {"web"}
_NAME = re.compile(r"test_([a-z]\d\d)_")
_NOT_PASSED = ("failure", "error", "skipped")


@dataclass
class Verdicts:
    """The cases of which all tests passed, and those of which one did not; the rest did not run."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        """What no test stood for."""
        return [case for case in CASES if case not in self.passed | self.failed]

    @property
    def is_complete(self) -> bool:
        """Whether every case ran and passed."""
        return self.passed == set(CASES)

    @property
    def count(self) -> str:
        """How many ran and passed."""
        return f"accounts: {len(self.passed)} of {len(CASES)} cases ran and passed"

    def __str__(self) -> str:
        """Sum up in a line, with the names of those that are to be looked at."""
        failed = f"; failed: {' '.join(sorted(self.failed))}" if self.failed else ""
        missing = f"; did not run: {' '.join(self.missing)}" if self.missing else ""
        return self.count + failed + missing


def verdicts(reports: Iterable[tuple[str, Path]]) -> Verdicts:
    """Read the reports that pytest left, by the name of their suite."""
    ran: list[tuple[str, bool]] = []
    for suite, report in reports:
        if report.exists():
            ran += _results(suite, ET.parse(report).getroot())  # noqa: S314 - pytest wrote it just now
    failed = {case for case, passed in ran if not passed}
    return Verdicts({case for case, _ in ran} - failed, failed)


def _results(suite: str, root: ET.Element) -> Iterable[tuple[str, bool]]:
    """The cases of a suite's tests, and whether each test passed."""
    for test in root.iter("testcase"):
        found = _NAME.match(test.attrib["name"])
        case = found[1].upper() if found else ""
        if case in CASES and suite in _SUITES.get(case[0], _ELSEWHERE):
            yield case, not any(test.find(each) is not None for each in _NOT_PASSED)
