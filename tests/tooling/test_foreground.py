import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Make = subprocess.Popen[str]
Run = Callable[..., subprocess.CompletedProcess[str]]

# Says that it is there, and how it was stopped. Whoever reads to the end knows that it has gone. It writes
# past Python's buffers: a signal that comes while `print` flushes finds them locked, and its line is lost.
PROGRAM = """
import os, signal
def stop(signum, frame):
    os.write(1, f"stopped by {signal.Signals(signum).name}\\n".encode())
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
os.write(1, b"there\\n")
while True:
    signal.pause()
"""


@pytest.fixture(autouse=True)
def _hang_ups_count() -> Iterator[None]:
    """Have SIGHUP end what we start: whoever runs these tests with nohup hands on that it is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def make(root: Path, tmp_path: Path) -> Iterator[Make]:
    """A make of a session of its own that runs the program in the foreground."""
    (tmp_path / "program.py").write_text(PROGRAM)
    recipe = f"{sys.executable} {root}/scripts/foreground.py {sys.executable} program.py"
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {recipe}\n")
    with subprocess.Popen(
        ["make", "run"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "there\n"
        yield process


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_make_alone_ends_the_program(make: Make, signum: signal.Signals) -> None:
    make.send_signal(signum)
    assert make.stdout.read() == "stopped by SIGTERM\n"
    assert make.wait(5) == -signum


def test_ctrl_c_ends_it_and_reaches_it_once(make: Make) -> None:
    os.killpg(make.pid, signal.SIGINT)
    assert make.stdout.read() == "stopped by SIGTERM\n"
    assert make.wait(5) == -signal.SIGINT


def test_the_exit_code_is_that_of_the_program(root: Path, tmp_path: Path, run: Run) -> None:
    foreground = root / "scripts/foreground.py"
    assert run("python", foreground, "python", "-c", "raise SystemExit(7)", cwd=tmp_path).returncode == 7
    killed = "import os; os.kill(os.getpid(), 9)"
    assert run("python", foreground, "python", "-c", killed, cwd=tmp_path).returncode == 128 + 9
