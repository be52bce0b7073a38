"""However it is ended it leaves no process behind, and the next start finds its data."""

import os
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import Any

import pytest
from harness.emeter import Emeter
from harness.ordinary import NOBODY, command_of_nobody
from harness.targets import Target, Targets, hang

from emeter_core.outcome import Reason

PROCESSES = {"postgres", "redis", "scheduler", "sender", "worker", "web"}
# What hangs on it in flight may take its time, and PostgreSQL its last checkpoint.
_END = 20.0
# The tools are there, or these tests would not run; what is told is what make does with signals.
MAKE = ("make", "--old-file=.venv/.synced", "run")


def test_sigterm_ends_it_and_the_next_start_finds_its_data(
    new_emeter: Callable[..., Emeter], targets: Targets
) -> None:
    well, hanging = targets.serve(), targets.serve(hang)
    emeter = new_emeter().start().register()
    added = _add(emeter, well)
    emeter.wait_until(lambda: _row(emeter)["status"] == "up", 10, "up")
    _add(emeter, hanging, "hanging")
    emeter.wait_until(lambda: bool(hanging.arrivals), 10, "a check in flight")
    emeter.stop(SIGTERM)
    emeter.start()
    row = _row(emeter)
    assert (row["id"], row["status"]) == (added, "up")
    # What was in flight has been ended and recorded, not thrown away.
    timeouts = "SELECT count(*) FROM results WHERE reason = :reason"
    assert emeter.rows(timeouts, reason=Reason.TIMEOUT.value)[0][0] >= 1
    emeter.wait_until(lambda: _row(emeter)["last_check"] > row["last_check"], 15, "another check")
    emeter.stop(SIGINT)


def test_killed_it_takes_its_processes_along_and_starts_again(
    new_emeter: Callable[..., Emeter], tmp_path: Path
) -> None:
    parents = [tmp_path, *tmp_path.parents]
    modes = [path.stat().st_mode for path in parents]
    emeter = new_emeter(parent=tmp_path).start().register()
    assert emeter.processes().keys() == PROCESSES
    assert [path.stat().st_mode for path in parents] == modes
    emeter.kill()
    # At once, beside what is still ending.
    emeter.start()
    assert emeter.processes().keys() == PROCESSES
    assert emeter.monitors() == []
    emeter.kill()
    emeter.wait_for_end(_END)


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_make_run_hands_on_what_ends_it(new_emeter: Callable[..., Emeter], number: Signals) -> None:
    emeter = new_emeter().start(command=MAKE)
    assert emeter.processes().keys() == PROCESSES
    emeter.stop(number, code=-number)


def test_it_ends_while_it_starts(new_emeter: Callable[..., Emeter]) -> None:
    emeter = new_emeter().start(wait=False)
    emeter.wait_until((emeter.data / "postgres").exists, 20, "a cluster")
    emeter.stop(SIGTERM)


@pytest.mark.skipif(os.geteuid() != 0, reason="all tests run as an ordinary user already")
def test_an_ordinary_user_has_the_same(new_emeter: Callable[..., Emeter], targets: Targets) -> None:
    home = new_emeter().data.parent / "home"
    home.mkdir()
    try:
        command = command_of_nobody(home)
    except OSError as error:
        pytest.skip(f"this root may not open Python to an ordinary user: {error}")
    os.chown(home, NOBODY, NOBODY)
    emeter = new_emeter("data", parent=home, command=command, user=NOBODY, HOME=str(home)).start().register()
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in emeter.processes().values()}
    assert emeter.processes().keys() == PROCESSES
    assert owners == {NOBODY}
    _add(emeter, targets.serve())
    emeter.wait_until(lambda: _row(emeter)["status"] == "up", 15, "up")
    emeter.stop(SIGINT)


def _add(emeter: Emeter, target: Target, name: str = "first") -> str:
    options = ("--name", name, "--interval", "5", "--timeout", "3")
    return emeter.run("monitor", "add", target.url(), *options).stdout.strip()


def _row(emeter: Emeter) -> dict[str, Any]:
    """The first monitor."""
    (row,) = [each for each in emeter.monitors() if each["name"] == "first"]
    return row
