import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from signal import Signals

import pytest

from emeter_storage.servers import Account, child_command
from emeter_storage.servers.child import REFUSED

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

STATUS = [sys.executable, "-I", "-c", "print(open('/proc/self/status').read())"]

PARENT = """
import subprocess, sys
from signal import Signals
from emeter_storage.servers import child_command
argv = child_command([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"],
                     death_signal=Signals.SIGTERM)
child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""

# The way to a program is closed (0700), and root has every capability but to search (2), as in a container.
CONTAINER = """
import ctypes, os, subprocess, sys
from pathlib import Path
from signal import Signals
from emeter_storage.servers import Account, child_command
libc = ctypes.CDLL(None)
for capability in sys.argv[2:]:
    assert libc.prctl(24, int(capability), 0, 0, 0) == 0
argv = child_command(["/bin/cat", "/proc/self/status"], death_signal=Signals.SIGTERM, cwd=Path(sys.argv[1]),
                     user=Account("", 64999, 64999))
done = subprocess.run(argv, stderr=subprocess.STDOUT)
print("exit", done.returncode)
"""


def output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def capabilities(status: str) -> set[str]:
    names = ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:")
    return {line.split()[1].lstrip("0") for line in status.splitlines() if line.startswith(names)}


def test_it_leads_a_session_in_its_directory(tmp_path: Path) -> None:
    code = "import os; print(os.getpid() == os.getsid(0) == os.getpgrp(), os.getcwd())"
    argv = child_command([sys.executable, "-c", code], death_signal=Signals.SIGTERM, cwd=tmp_path)
    assert output(argv) == f"True {tmp_path}\n"


def test_it_keeps_its_arguments_whatever_they_look_like() -> None:
    code = "import sys; print(sys.argv[1:])"
    argv = [sys.executable, "-c", code, "--", "user=0:0", "", "a b"]
    assert output(child_command(argv, death_signal=Signals.SIGTERM)) == "['--', 'user=0:0', '', 'a b']\n"


def test_it_ends_with_its_killed_parent(
    script: Callable[..., subprocess.Popen[str]], wait_for_end: Callable[[int], None]
) -> None:
    parent = script(PARENT)
    assert parent.stdout
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.kill()
    wait_for_end(child)


def test_it_does_not_start_when_its_parent_has_ended() -> None:
    argv = [
        argument.replace(f"parent={os.getpid()}", "parent=1")
        for argument in child_command(["/bin/echo", "ran"], death_signal=Signals.SIGTERM)
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert "has ended" in done.stderr


def test_what_cannot_run_is_told_in_one_line() -> None:
    argv = child_command(["/nowhere/program"], death_signal=Signals.SIGTERM)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        REFUSED,
        "E-Meter: /nowhere/program: No such file or directory\n",
    )


def test_the_detour_is_short() -> None:
    argv = child_command(["/bin/true"], death_signal=Signals.SIGTERM)
    begin = time.process_time(), os.times()
    for _ in range(5):
        subprocess.run(argv, check=True)
    spent = os.times()
    # Of the processor, not of the clock: other tests may run beside this one.
    seconds = spent.children_user + spent.children_system - begin[1].children_user - begin[1].children_system
    assert seconds / 5 < 0.1


@as_root
def test_another_user_has_no_capability_where_none_is_needed(ordinary_user: Account) -> None:
    argv = child_command(["/bin/cat", "/proc/self/status"], death_signal=Signals.SIGTERM, user=ordinary_user)
    status = output(argv)
    assert capabilities(status) == {""}
    assert "Uid:\t64999\t64999\t64999\t64999" in status
    assert "Groups:\t64999 \n" in status


@as_root
def test_another_user_may_search_where_the_way_is_closed(tmp_path: Path, ordinary_user: Account) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    argv = ["/bin/cat", "/proc/self/status"]
    status = output(child_command(argv, death_signal=Signals.SIGTERM, user=ordinary_user, cwd=closed))
    assert capabilities(status) == {"4"}  # CAP_DAC_READ_SEARCH
    argv = ["/usr/bin/touch", str(closed / "file")]
    done = subprocess.run(
        child_command(argv, death_signal=Signals.SIGTERM, user=ordinary_user, cwd=closed),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"Permission denied" in done.stderr


@as_root
def test_where_root_lacks_that_capability_the_next_one_serves(
    tmp_path: Path, script: Callable[..., subprocess.Popen[str]]
) -> None:
    status, _ = script(CONTAINER, tmp_path, 2).communicate(timeout=20)
    assert capabilities(status) == {"2"}  # CAP_DAC_OVERRIDE


@as_root
def test_where_no_capability_serves_the_child_is_refused(
    tmp_path: Path, script: Callable[..., subprocess.Popen[str]]
) -> None:
    said, _ = script(CONTAINER, tmp_path, 1, 2).communicate(timeout=20)
    assert f"the user id 64999 cannot reach {tmp_path}" in said
    assert f"exit {REFUSED}" in said
