"""Progress is seen by who is there, and by nobody else."""

import io
import sys

import pytest

from emeter_storage.backup import progress
from emeter_storage.backup.progress import Progress, shown_size


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as its last entry has it."""
    times = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[-1])
    return times


def test_one_line_changes_at_a_terminal_and_goes_at_the_end(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    told = Progress("Backing up")
    clock.append(101.0)
    told.tell(0.1, "users")
    clock.append(101.1)
    told.tell(0.2, "not so soon again")
    clock.append(110.0)
    told.tell(0.25, "results")
    told.end()

    assert terminal.getvalue().split("\r\x1b[K") == [
        "",
        "Backing up:  10% (users)",
        "Backing up:  25% (results, 30 s left)",
        "",
    ]


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    told = Progress("Backing up")
    clock.append(110.0)
    told.tell(0.5, "results")
    told.end()

    assert file.getvalue() == ""
    assert told.seconds == 10


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (240_297_472, "240.3 MB"), (5e15, "5000.0 TB")],
)
def test_sizes_are_read_by_people(size: float, said: str) -> None:
    assert shown_size(size) == said
