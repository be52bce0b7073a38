"""Several processes of one kind: each with a name, kept running, and ended by one signal."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from emeter_core.supervisor.spec import ProcessSpec

Eventually = Callable[[Callable[[], object]], None]
RUN = """
from emeter_core.settings import Settings
from emeter_core.supervisor.copies import run_copies
from house import IDLE
run_copies(IDLE, 3, Settings.load())
"""


def test_one_keeps_its_name_and_several_are_numbered() -> None:
    spec = ProcessSpec("worker", ("worker",), stop_within=75.0)
    assert spec.copies(1) == [spec]
    assert [(each.name, each.stop_within) for each in spec.copies(2)] == [
        ("worker-1", 75.0),
        ("worker-2", 75.0),
    ]


def test_all_are_kept_running_and_end_with_the_first(
    house: Mapping[str, str], tmp_path: Path, eventually: Eventually
) -> None:
    log = tmp_path / "log"
    environment = {**house, "EMETER_DATA_DIR": str(tmp_path / "data"), "EMETER_LOG": "text"}
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=out, stderr=out)
    try:
        eventually(lambda: pids(log, "idle-2") and len(pids(log)) == 3)
        os.kill(pids(log, "idle-2")[0], signal.SIGKILL)
        eventually(lambda: len(pids(log, "idle-2")) == 2)
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert re.findall(r"(idle-\d) *\| idle ends", log.read_text()) != []
    assert log.read_text().count("idle ends") == 3


def pids(log: Path, name: str = r"idle-\d") -> list[int]:
    return [int(pid) for pid in re.findall(rf"{name} *\|.*pid (\d+)", log.read_text())]
