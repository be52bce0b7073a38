"""The `emeter` command as a test types it: run in this process, with what it says at hand."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from emeter_core.commands.main import run

PASSWORD = "correct horse battery"  # noqa: S105 - of users that live for one test


@dataclass(frozen=True, slots=True)
class Said:
    """The exit code of a command line, and what it wrote."""

    code: int
    out: str
    err: str


class Terminal:
    """Runs command lines; whose settings and database they find is the caller's environment."""

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Run `emeter` with these arguments."""
        out, err = io.StringIO(), io.StringIO()
        before, sys.stdin = sys.stdin, io.StringIO(stdin)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = run(arguments)
        finally:
            sys.stdin = before
        return Said(code, out.getvalue(), err.getvalue())

    def well(self, *arguments: str, stdin: str = "") -> str:
        """Run what must go well; returns what it printed."""
        said = self(*arguments, stdin=stdin)
        if said.code or said.err:
            raise AssertionError(said)
        return said.out.strip()

    def create_user(self, email: str = "me@example.com") -> None:
        """Make a user with `PASSWORD`."""
        self.well("user", "create", email, "--password-stdin", stdin=PASSWORD)

    def add(self, *arguments: str) -> str:
        """Add a monitor; returns its id."""
        return self.well("monitor", "add", *arguments)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """The monitors as `--json` has them."""
        found: list[dict[str, Any]] = json.loads(self.well("monitor", "list", "--json", *arguments))
        return found
