"""Input that is wrong: a clear message, a non-zero exit, never a traceback, never a half-written row."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.emeter import Emeter, free_port

GOOD = "http://127.0.0.1:9/"
DEAD_DATABASE = "postgresql://nobody:hidden@127.0.0.1:1/emeter"
SECRET = "a secret key of the tests, which is long enough"
BOB = "bob@example.com"

# What is typed after `emeter monitor add`, and what the one line must say.
WRONG_MONITORS = {
    "no scheme": (["example.com"], "must start with http://, https://, tcp:// or ping://"),
    "no host": (["http:///path"], "must name a host"),
    "no such port": (["http://example.com:70000/"], "must have a port between 1 and 65535"),
    "open bracket": (["http://[::1/"], "is not a valid URL"),
    "a password": (["http://me:secret@example.com/"], "must not hold a user or password"),
    "interval of 4": ([GOOD, "--interval", "4"], "interval must be from 5 to 86,400 seconds"),
    "interval of a word": ([GOOD, "--interval", "often"], "'often' is not a valid integer"),
    "interval beyond columns": ([GOOD, "--interval", "9" * 30], "interval must be from 5 to 86,400 seconds"),
    "timeout over interval": (
        [GOOD, "--interval", "5", "--timeout", "6"],
        "timeout must not be longer than the interval (5 seconds)",
    ),
    "unknown kind": ([GOOD, "--kind", "gopher"], "'gopher' is unknown"),
}

WRONG_SETTINGS = {
    "PORT": ("eighty", "Bad setting PORT"),
    "DATABASE_URL": ("mysql://localhost/emeter", "Bad setting DATABASE_URL"),
    "REDIS_URL": ("redis://127.0.0.1:6379/0", "Bad setting REDIS_URL: must hold a password"),
    "SECRET_KEY": ("short", "Bad setting SECRET_KEY"),
    "EMETER_PRIVATE_TARGETS": ("10.0.0.0/8,home", "Bad setting EMETER_PRIVATE_TARGETS"),
}

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def emeter(make_emeter: Callable[..., Emeter]) -> Iterator[Emeter]:
    """One that runs in a data directory whose path has 150 characters."""
    parent = make_emeter().data.parent
    running = make_emeter("x" * (150 - len(str(parent)) - 1)).start().register()
    yield running
    running.stop()


def test_a_directory_of_150_characters_serves(emeter: Emeter) -> None:
    assert len(str(emeter.data)) == 150
    assert emeter.monitors() == []


def test_a_monitor_that_is_wrong_is_refused(emeter: Emeter, subtests: pytest.Subtests) -> None:
    with nothing_written(emeter):
        for name, (arguments, words) in WRONG_MONITORS.items():
            with subtests.test(name):
                is_told(emeter.run("monitor", "add", *arguments, check=False), words)


def test_all_that_is_wrong_is_told_at_once(emeter: Emeter) -> None:
    with nothing_written(emeter):
        done = emeter.run(
            "monitor", "add", "example.com", "--interval", "1", "--down-after", "99", check=False
        )
    assert len(is_told(done, "interval", "down-after", "http://")) == 3


def test_another_teams_monitor_is_not_there(emeter: Emeter, alices: str, bob: str) -> None:
    with nothing_written(emeter):
        for command in (["pause"], ["edit", "--interval", "30"], ["delete", "--yes"]):
            done = emeter.run("monitor", *command, alices, "--user", bob, check=False)
            is_told(done, f"There is no monitor with the id {alices}")
        malformed = emeter.run("monitor", "show", "17", "--user", bob, check=False)
        is_told(malformed, "There is no monitor with the id 17")


def test_another_team_is_not_there(emeter: Emeter, bob: str) -> None:
    ((team,),) = emeter.rows(
        "SELECT m.team_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email <> :bob", bob=bob
    )
    with nothing_written(emeter):
        done = emeter.run("monitor", "add", GOOD, "--user", bob, "--team", str(team), check=False)
    is_told(done, "There is no such team")


def test_a_user_that_is_wrong_is_refused(emeter: Emeter, bob: str) -> None:
    long_enough = "a long password indeed"
    with nothing_written(emeter):
        for email, password, words in (
            (bob, long_enough, "already been taken"),
            ("nobody", long_enough, "must have the @ sign"),
            ("carol@example.com", "short", "at least 12 character"),
            ("carol@example.com", "", "no password on stdin"),
        ):
            done = emeter.run("user", "create", email, "--password-stdin", text=password, check=False)
            is_told(done, words)


def test_a_second_start_on_one_directory_is_refused(emeter: Emeter) -> None:
    with nothing_written(emeter):
        done = emeter.run("up", check=False, PORT=str(free_port()))
        (line,) = is_told(done, "is in use")
    assert str(emeter.data) in line
    assert emeter.process is not None
    assert f"process {emeter.process.pid}" in line
    assert emeter.left_behind().keys() >= set(emeter.processes().values())


def test_a_missing_database_is_told(new_emeter: Callable[..., Emeter]) -> None:
    emeter = new_emeter(DATABASE_URL=DEAD_DATABASE, SECRET_KEY=SECRET)
    for command in (["monitor", "add", GOOD], ["db", "current"], ["up"]):
        (line,) = is_told(emeter.run(*command, check=False), "does not answer")
        assert ":hidden@" not in line
    assert emeter.left_behind() == {}


def test_a_database_needs_its_key(new_emeter: Callable[..., Emeter]) -> None:
    done = new_emeter(DATABASE_URL=DEAD_DATABASE).run("up", check=False)
    is_told(done, "SECRET_KEY must be set where DATABASE_URL is")


def test_servers_that_do_not_run_are_told(new_emeter: Callable[..., Emeter]) -> None:
    is_told(new_emeter().run("monitor", "list", check=False), "emeter up")


def test_a_missing_redis_is_told(new_emeter: Callable[..., Emeter]) -> None:
    emeter = new_emeter(REDIS_URL="redis://:password@127.0.0.1:1")
    (line,) = is_told(emeter.run("up", check=False), "REDIS_URL")
    assert ":password" not in line
    assert emeter.left_behind() == {}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_bad_setting_is_told(new_emeter: Callable[..., Emeter], name: str) -> None:
    value, words = WRONG_SETTINGS[name]
    emeter = new_emeter(**{name: value})
    is_told(emeter.run("up", check=False), words)
    assert not emeter.data.exists()


def test_bad_settings_are_all_told(new_emeter: Callable[..., Emeter]) -> None:
    done = new_emeter(PORT="0", REDIS_URL="localhost").run("up", check=False)
    assert len(is_told(done, "Bad setting PORT", "Bad setting REDIS_URL")) == 2


def test_a_port_that_is_taken_is_told(emeter: Emeter, new_emeter: Callable[..., Emeter]) -> None:
    done = new_emeter(PORT=str(emeter.port)).run("up", check=False)
    is_told(done, f"Port {emeter.port}")


def test_a_directory_of_somebody_else_is_refused(new_emeter: Callable[..., Emeter], tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    if os.geteuid() == 0:
        theirs.mkdir()
        os.chown(theirs, 65534, 65534)
    else:
        theirs = Path("/usr")
    done = new_emeter(EMETER_DATA_DIR=str(theirs)).run("up", check=False)
    is_told(done, f"The data directory {theirs} belongs to the user id {theirs.stat().st_uid}")
    assert theirs == Path("/usr") or list(theirs.iterdir()) == []


@pytest.fixture(scope="module")
def alices(emeter: Emeter) -> str:
    """The id of a monitor of Alice's team."""
    return emeter.run("monitor", "add", GOOD, "--interval", "3600").stdout.strip()


@pytest.fixture(scope="module")
def bob(emeter: Emeter, alices: str) -> str:
    """A user beside Alice, whose monitor was added while she was alone."""
    emeter.run("user", "create", BOB, "--password-stdin", text="a long password of Bob")
    return BOB


@contextmanager
def nothing_written(emeter: Emeter) -> Iterator[None]:
    """See that the block leaves every table that people write to as it was."""
    before = _written(emeter)
    yield
    assert _written(emeter) == before


def is_told(done: Done, *words: str) -> list[str]:
    """See that a command failed and told so in clear lines; returns these."""
    assert done.returncode not in {0, -1}, done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert "bug in E-Meter" not in done.stderr
    for each in words:
        assert each in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("Error: ")]


def _written(emeter: Emeter) -> list[tuple[object, ...]]:
    tables = (
        "users",
        "teams",
        "memberships",
        "monitors",
        "probes",
        "status_changes WHERE condition = 'pending'",
    )
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    versions = (
        "(SELECT sum(version) FROM monitors), (SELECT count(*) FROM monitors WHERE paused_at IS NOT NULL)"
    )
    return [tuple(row) for row in emeter.rows(f"SELECT {counts}, {versions}")]
