import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from emeter_core.heartbeats import Ping, PingKind, take_ping
from emeter_core.settings import Settings
from emeter_core.testing.terminal import Terminal
from emeter_storage.engine import make_engine

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]


@pytest.fixture
def three(mine: Terminal) -> Terminal:
    """With three monitors, of which one is paused."""
    for name in ("Alpha", "beta", "Gamma"):
        mine.add(f"http://{name}.example.com/", "--name", name)
    mine("monitor", "pause", mine.listed("--search", "gamma")[0]["id"])
    return mine


def names(emeter: Terminal, *arguments: str) -> list[str]:
    return [row["name"] for row in emeter.listed(*arguments)]


def test_they_come_by_name_without_case(three: Terminal) -> None:
    assert names(three) == ["Alpha", "beta", "Gamma"]


def test_pages(three: Terminal) -> None:
    assert names(three, "--per-page", "2") == ["Alpha", "beta"]
    assert names(three, "--per-page", "2", "--page", "2") == ["Gamma"]
    assert names(three, "--page", "9") == []


def test_filters(three: Terminal) -> None:
    assert names(three, "--search", "ETA") == ["beta"]
    assert names(three, "--status", "paused") == ["Gamma"]
    assert names(three, "--status", "pending") == ["Alpha", "beta"]
    assert names(three, "--kind", "http", "--status", "up") == []
    assert three("monitor", "list", "--status", "fine").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "foo"], "'foo' is not one of 'http', 'tcp', 'ping'"),
        (["--page", "9" * 30], "is not in the range 1<=x<=1000000"),
        (["--page", "0"], "is not in the range 1<=x<=1000000"),
    ],
)
def test_a_filter_that_cannot_be_is_told(bare: Terminal, arguments: list[str], words: str) -> None:
    said = bare("monitor", "list", *arguments)

    assert said.code == 2
    assert words in said.err


def test_nothing_found_is_told_without_a_hint(three: Terminal) -> None:
    for filters in (["--search", "delta"], ["--status", "down"], ["--kind", "http", "--search", "delta"]):
        assert three.well("monitor", "list", *filters).endswith("No monitor matches.")


def test_the_table_counts(three: Terminal) -> None:
    printed = three.well("monitor", "list")

    assert "‖ paused" in printed
    assert printed.endswith("3 monitors: 2 pending, 1 paused")


def test_an_empty_list_says_what_to_do(mine: Terminal) -> None:
    assert "emeter monitor add URL" in mine.well("monitor", "list")
    assert mine.listed() == []


def test_a_run_of_hours_is_told_in_full(mine: Terminal) -> None:
    mine.add("--kind", "heartbeat", "--name", "Backup", "--token", "a-token-of-the-tests")
    engine = make_engine(Settings.load().database, name="tests")
    now = datetime.now(UTC)
    with Session(engine) as session, session.begin():
        for kind, at in ((PingKind.START, now - timedelta(hours=2, minutes=3)), (PingKind.SUCCESS, now)):
            take_ping(session, "a-token-of-the-tests", Ping(kind), now=at)
    engine.dispose()

    assert mine.listed()[0]["latency_ms"] == pytest.approx(7_380_000, abs=1)
    assert "  2 h 3 min  " in mine.well("monitor", "list")


def test_a_run_that_never_told_its_start_has_no_latency(mine: Terminal) -> None:
    mine.add("--kind", "heartbeat", "--name", "Backup", "--token", "a-token-of-the-tests")
    engine = make_engine(Settings.load().database, name="tests")
    with Session(engine) as session, session.begin():
        take_ping(session, "a-token-of-the-tests", Ping(PingKind.SUCCESS), now=datetime.now(UTC))
    engine.dispose()

    assert mine.listed()[0]["latency_ms"] is None
    printed = mine.well("monitor", "list")
    assert " ms" not in printed
    assert re.search(r"up +Backup .*  -  +\d+ s ago", printed), printed


class Watch:
    """`emeter monitor list --watch` in a terminal, and what it has shown so far."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        self.process = subprocess.Popen(
            [*EMETER, "monitor", "list", "--watch", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm"},
        )
        os.close(slave)
        self.shown = ""

    def wait_for(self, words: str) -> None:
        """Read on until the words have come since the last time."""
        begin = len(self.shown)
        while words not in self.shown[begin:]:
            self.shown += os.read(self.master, 4096).decode()

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        os.close(self.master)
        return code


@pytest.fixture
def watch(three: Terminal) -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.process.kill()
    watch.process.wait()


def test_watching_shows_what_changes_until_ctrl_c(watch: Watch, three: Terminal) -> None:
    watch.wait_for("3 monitors")
    three("monitor", "resume", three.listed("--search", "gamma")[0]["id"])
    watch.wait_for("3 pending")

    assert watch.end() == 130
    assert "Traceback" not in watch.shown
    assert "Error" not in watch.shown


def test_a_database_that_goes_away_is_waited_for(
    watch: Watch, engine: Engine, connection_limit: Callable[[int], None]
) -> None:
    watch.wait_for("3 monitors")
    connection_limit(0)
    watch.wait_for("The database does not answer: ")
    connection_limit(-1)
    watch.shown = ""
    watch.wait_for("3 monitors")
    while "does not answer" in watch.shown:
        watch.shown = ""
        watch.wait_for("3 monitors")

    assert watch.end() == 130


@pytest.fixture
def connection_limit(engine: Engine, emeter: Terminal) -> Callable[[int], None]:
    """Take the test's database away by ending its connections and refusing new ones; -1 gives it back."""
    name = os.environ["DATABASE_URL"].rpartition("/")[2].partition("?")[0]

    def limit(number: int) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {number != 0}"))
            if number == 0:
                ended = text(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :name"
                )
                connection.execute(ended, {"name": name})

    return limit


def test_json_can_be_watched_line_by_line(three: Terminal) -> None:
    with subprocess.Popen(
        [*EMETER, "monitor", "list", "--watch", "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert [len(json.loads(process.stdout.readline())) for _ in range(2)] == [3, 3]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
