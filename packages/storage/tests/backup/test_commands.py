"""`emeter backup` and `emeter restore` on files: there as a whole, or not at all."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from emeter_storage.backup import commands
from emeter_storage.backup.commands import backup, restore
from emeter_storage.backup.domain import Domain
from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError
from emeter_storage.servers import DataDirectory, PostgresServer

Contents = Callable[[Engine], dict[str, list[str]]]
_ALONE = (
    "import sys; from emeter_storage.backup import commands, domain;"
    " commands.load_domain = domain.Domain; commands.backup(sys.argv[1:], standalone_mode=False)"
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the packages above, which may be installed."""
    monkeypatch.setattr(commands, "load_domain", Domain)
    monkeypatch.setattr(commands, "_end_in_order", lambda: None)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def url(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    url = filled.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def told(done: Result) -> str:
    """The one line of an error."""
    assert isinstance(done.exception, UserError), done.exception
    assert "\n" not in str(done.exception)
    return str(done.exception)


def test_there_and_back(
    url: str,
    filled: Engine,
    empty: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contents: Contents,
) -> None:
    file = tmp_path / "file"
    done = CliRunner().invoke(backup, [str(file)])
    assert done.exit_code == 0
    assert done.stderr.startswith("Backed up 18,")
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("DATABASE_URL", empty.url.render_as_string(hide_password=False))

    done = CliRunner().invoke(restore, [str(file)])

    assert done.exit_code == 0, done.exception
    assert done.output.startswith("Restored the backup of 20")
    assert contents(empty) == contents(filled)


def test_a_file_that_is_there_is_not_touched(url: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")

    assert told(CliRunner().invoke(backup, [str(file)])) == (
        f"{file} is there already: name another file, or remove it."
    )
    assert file.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_place_that_cannot_be_written_is_told(url: str, tmp_path: Path) -> None:
    said = told(CliRunner().invoke(backup, [str(tmp_path / "none" / "file")]))

    assert said.endswith("cannot be written: No such file or directory. Nothing was kept.")


def test_what_fails_half_way_leaves_no_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("emeter_storage.backup.archive.ArchiveWriter.finish", full)
    file = tmp_path / "file"

    assert told(CliRunner().invoke(backup, [str(file)])) == (
        f"{file} cannot be written: No space left on device. Nothing was kept."
    )
    assert list(tmp_path.iterdir()) == []


def test_standard_output_is_a_file_as_well(url: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", _ALONE, "-"], stdout=out, stderr=subprocess.PIPE, check=True
        )

    assert b"Backed up" in done.stderr
    assert file.read_bytes().startswith(b"emeter-backup")


def test_a_full_standard_output_is_told(url: str) -> None:
    with Path("/dev/full").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", _ALONE, "-"], stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.stderr.splitlines()[-1] == (
        "emeter_storage.errors.UserError: The backup cannot be written: No space left on device."
    )


def test_without_an_installation_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    said = told(CliRunner().invoke(backup, [str(tmp_path / "file")]))

    assert said.startswith(f"There is nothing to back up in {tmp_path / 'data'}")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_backup_makes_no_installation(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"emeter")

    assert "is no backup" in told(CliRunner().invoke(restore, [str(tmp_path / "file")]))
    assert not (tmp_path / "data").exists()


def test_the_servers_of_a_data_directory_are_started_for_it(
    url: str, filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: Contents
) -> None:
    """Into one that was not there; out of it again; and not into it while it runs."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert CliRunner().invoke(backup, [str(first)]).exit_code == 0
    monkeypatch.delenv("DATABASE_URL")

    assert CliRunner().invoke(restore, [str(first)]).exit_code == 0

    directory = DataDirectory(tmp_path / "data")
    assert not directory.run_directory.exists()
    assert CliRunner().invoke(backup, [str(second)]).exit_code == 0
    server = PostgresServer(directory)
    server.start()
    engine = make_engine(server.url)
    assert contents(engine) == contents(filled)
    assert told(CliRunner().invoke(restore, [str(second)])).endswith("stop it first.")
    engine.dispose()
    server.stop()
    directory.unlock()
