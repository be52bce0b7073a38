"""The newest run of every scenario on this machine, in docs/bench.json; docs/bench.md is written from it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import machine
from scenarios import PEERS, SCENARIOS

_JSON = machine.ROOT / "docs" / "bench.json"
# Another one of these, and the figures cannot stand beside each other.
_SAME = ("cpu", "cores", "memory_gb")


class Book:
    """All runs: `hardware`, `versions`, and by the name of a scenario what was found, when and by what."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.hardware: dict[str, Any] = told.get("hardware", {})
        self.versions: dict[str, str] = told.get("versions", {})
        self.runs: dict[str, dict[str, Any]] = told.get("runs", {})

    @classmethod
    def read(cls) -> Self:
        """What there is; empty where nothing was measured yet."""
        return cls(json.loads(_JSON.read_text()) if _JSON.is_file() else {})

    def add(self, name: str, run: dict[str, Any], versions: dict[str, str], directory: Path) -> None:
        """Take a run up, in the place of the one before; runs of another machine go.

        Lines of the log stay out: they may name paths.
        """
        hardware = machine.hardware(directory)
        if any(hardware[each] != self.hardware.get(each) for each in _SAME):
            self.runs = {}
        self.hardware = hardware
        self.versions |= versions
        figures = {what: found for what, found in run["figures"].items() if what != "troubles"}
        runs = self.runs | {name: run | {"figures": figures}}
        self.runs = {each: runs[each] for each in (*SCENARIOS, PEERS) if each in runs}

    def write(self) -> None:
        """Keep it."""
        told = {"hardware": self.hardware, "versions": self.versions, "runs": self.runs}
        _JSON.write_text(json.dumps(_rounded(told), indent=1) + "\n")


def circumstances(command: str) -> dict[str, object]:
    """When, by what, and how busy the machine is: read before a run."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": machine.commit(),
        "command": command,
        "load": round(os.getloadavg()[0], 2),
    }


def _rounded(told: Any) -> Any:  # noqa: ANN401 - whatever goes into JSON
    """More places than these say nothing."""
    if isinstance(told, dict):
        return {name: _rounded(each) for name, each in told.items()}
    return round(told, 4) if isinstance(told, float) else told
