import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, TextIO

import pytest

Eventually = Callable[[Callable[[], object]], None]
EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]


@pytest.fixture
def environment(house: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return {**house, "EMETER_DATA_DIR": str(tmp_path / "data"), "PORT": str(port), "EMETER_LOG": "text"}


class Up:
    """A running `emeter up`, what it said so far, and the pids of its processes."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self.process, self._log = process, Path(log.name)

    @property
    def text(self) -> str:
        return self._log.read_text()

    def children(self) -> list[int]:
        return children_of(self.process)


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Ask every thread of it: each process is the child of the one that keeps it."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


@pytest.fixture
def up(environment: dict[str, str], tmp_path: Path, eventually: Eventually) -> Callable[..., object]:
    @contextmanager
    def start(*, ready: bool = True, **settings: str) -> Iterator[Up]:
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [*EMETER, "up"], env=environment | settings, stdout=log, stderr=log, start_new_session=True
            )
        running = Up(process, log)
        try:
            eventually(lambda: "Ready in" in running.text or process.poll() is not None or not ready)
            yield running
        finally:
            process.terminate()
            process.wait(60)

    return start


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EMETER, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_everything_runs_and_a_signal_ends_it_in_order(
    up: Callable[..., "contextmanager[Up]"],
    environment: dict[str, str],
    eventually: Eventually,
    alive: Callable[[int], bool],
) -> None:
    with up() as running:
        assert f"Data:            {environment['EMETER_DATA_DIR']}" in running.text
        assert f"http://localhost:{environment['PORT']}" in running.text
        assert re.search(r"idle +\| idle is ready, pid \d+, private 127.0.0.0/8", running.text)
        assert "Private targets: 127.0.0.0/8" in running.text
        assert run(environment, "db", "check").returncode == 0
        children = running.children()
        assert len(children) >= 3
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0

        assert "idle ends" in running.text
        assert running.text.rstrip().endswith("Stopped.")
        assert "Traceback" not in running.text
        assert not any(map(alive, children))

    with up() as again:
        assert again.process.poll() is None
        assert run(environment, "db", "check").returncode == 0


def test_what_is_no_terminal_gets_json(up: Callable[..., "contextmanager[Up]"]) -> None:
    with up(EMETER_LOG="auto") as running:
        running.process.terminate()
        assert running.process.wait(60) == 0

        events = [json.loads(line) for line in running.text.splitlines()]
    told = {each["process"]: each["event"] for each in events if "is ready" in each["event"]}
    assert list(told) == ["idle"]
    assert events[0]["event"] == "E-Meter is starting"
    assert events[0]["address"].startswith("http://localhost:")
    # What a process prints is an event as well.
    assert ("idle", "idle ends") in [(each["process"], each["event"]) for each in events]
    assert events[-1]["event"] == "Stopped."
    assert all({"time", "level", "process", "event"} <= set(each) for each in events)


def test_it_stops_when_nobody_reads_what_it_says(
    environment: dict[str, str],
    stuck: tuple[BinaryIO, TextIO],
    eventually: Eventually,
    alive: Callable[[int], bool],
) -> None:
    process = subprocess.Popen([*EMETER, "up"], env=environment, stdout=stuck[1], start_new_session=True)
    try:
        # PostgreSQL, Redis and then our processes.
        eventually(lambda: len(children_of(process)) >= 3)
        children = children_of(process)
        process.terminate()

        assert process.wait(30) == 0
        assert not any(map(alive, children))
    finally:
        process.kill()


def test_a_second_one_in_the_same_directory_is_refused(
    up: Callable[..., "contextmanager[Up]"], environment: dict[str, str]
) -> None:
    with up() as running:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        second = run({**environment, "PORT": str(port)}, "up")

        assert second.returncode == 1
        assert second.stderr == (
            f"Error: {environment['EMETER_DATA_DIR']} is in use:"
            f" process {running.process.pid} runs E-Meter there\n"
        )
        assert running.process.poll() is None


def test_its_children_end_with_it_even_when_it_is_killed(
    up: Callable[..., "contextmanager[Up]"], eventually: Eventually, alive: Callable[[int], bool]
) -> None:
    with up() as running:
        children = running.children()
        running.process.kill()
        running.process.wait()

        eventually(lambda: not any(map(alive, children)))


def test_it_stops_while_it_starts(
    up: Callable[..., "contextmanager[Up]"], eventually: Eventually, alive: Callable[[int], bool]
) -> None:
    with up(ready=False) as running:
        eventually(running.children)
        children = running.children()
        running.process.terminate()

        assert running.process.wait(60) == 0
        eventually(lambda: not any(map(alive, children)))
        assert "Traceback" not in running.text


def test_private_targets_that_were_chosen_stay(up: Callable[..., "contextmanager[Up]"]) -> None:
    with up(EMETER_PRIVATE_TARGETS="10.1.0.0/16") as running:
        assert "private 10.1.0.0/16" in running.text
        assert "Private targets" not in running.text


def test_given_servers_are_used_and_none_is_started(
    up: Callable[..., "contextmanager[Up]"],
    environment: dict[str, str],
    new_database: Callable[..., str],
    redis_url: str,
) -> None:
    url = new_database(migrated=False)
    with up(DATABASE_URL=url, REDIS_URL=redis_url, SECRET_KEY="k" * 32) as running:
        assert "Ready in" in running.text
        assert "Data:" not in running.text
        assert not Path(environment["EMETER_DATA_DIR"]).exists()

    other_key = run(
        {**environment, "DATABASE_URL": url, "REDIS_URL": redis_url, "SECRET_KEY": "x" * 32}, "up"
    )
    assert other_key.returncode == 1
    assert "SECRET_KEY is not the one this database was made with" in other_key.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"PORT": "http"}, "Error: Bad setting PORT: "),
        ({"DATABASE_URL": "mysql://localhost/x"}, "Error: Bad setting DATABASE_URL: must start with"),
        (
            {"DATABASE_URL": "postgresql://localhost:1/x"},
            "Error: SECRET_KEY must be set where DATABASE_URL is",
        ),
        (
            {"DATABASE_URL": "postgresql://me:pass@localhost:1/x", "SECRET_KEY": "k" * 32},
            "Error: The database at postgresql://me:***@localhost:1/x does not answer: ",
        ),
        (
            {"REDIS_URL": "redis://me:pass@localhost:1/0"},
            "Error: The Redis of REDIS_URL (localhost:1/0) does not answer: ",
        ),
        ({"EMETER_DATA_DIR": "/dev/null"}, "Error: The data directory /dev/null is a file"),
        ({"EMETER_PRIVATE_TARGETS": "all"}, "Error: Bad setting EMETER_PRIVATE_TARGETS: 'all' is no network"),
    ],
)
def test_what_is_wrong_is_one_line(
    environment: dict[str, str], settings: dict[str, str], message: str
) -> None:
    done = run(environment | settings, "up")

    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert "pass" not in done.stderr.replace("password", "")


def test_a_long_data_directory_works(up: Callable[..., "contextmanager[Up]"], tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 150)

    with up(EMETER_DATA_DIR=str(directory)) as running:
        assert "Ready in" in running.text

    assert (directory / "postgres").is_dir()
