"""A package that registers commands and a process of its own, as checker and web do."""

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

import pytest

from emeter_core.supervisor.console import Console

_MODULE = '''
import os
import signal
import subprocess
import sys

import click

from emeter_core.logs import setup_logging
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.supervisor.spec import ProcessSpec

IDLE = ProcessSpec("idle", ("idle",), stop_order=20, ready_word="ready")


@click.command()
@click.option("--name", default="idle")
def idle(name):
    """Wait for the end."""
    stop = StopSignal.install()
    private = os.environ.get("EMETER_PRIVATE_TARGETS")
    setup_logging(name).info("%s is ready, pid %s, private %s", name, os.getpid(), private)
    stop.wait()
    print(f"{name} ends", flush=True)


@click.command()
def stubborn():
    """Wait for ever."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("stubborn is ready, pid", os.getpid(), flush=True)
    while True:
        signal.pause()


@click.command()
def brief():
    """End at once."""
    print("brief was here", flush=True)
    raise SystemExit(3)


@click.command()
def nest():
    """Leave a child behind."""
    child = subprocess.Popen(["sleep", "600"])
    print("nest has", child.pid, "and is pid", os.getpid(), flush=True)
    child.wait()


@click.command()
def broken():
    """Have a bug."""
    raise ZeroDivisionError("by a bug")
'''
_COMMANDS = ("idle", "stubborn", "brief", "nest", "broken")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which a package `house` is installed."""
    path = tmp_path_factory.mktemp("house")
    (path / "house.py").write_text(_MODULE)
    info = path / "house-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house\nVersion: 1.0\n")
    commands = "\n".join(f"{name} = house:{name}" for name in _COMMANDS)
    (info / "entry_points.txt").write_text(
        f"[emeter.commands]\n{commands}\n\n[emeter.processes]\nidle = house:IDLE\n"
    )
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {"PYTHONPATH": str(path), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def out() -> io.StringIO:
    """What the console wrote."""
    return io.StringIO()


@pytest.fixture
def console(out: io.StringIO) -> Console:
    return Console(out, ["first", "second"])


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait for a condition, half a minute at most."""

    def wait(condition: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "this did not come about"
            time.sleep(0.02)

    return wait


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def stuck() -> Iterator[tuple[BinaryIO, TextIO]]:
    """A pipe that is full, as nobody reads it: its end to read, and its end to write."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4095 + b"\n")
    os.set_blocking(writer, True)
    with os.fdopen(writer, "w") as full, os.fdopen(reader, "rb") as unread:
        yield unread, full


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive
