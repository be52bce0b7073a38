import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emeter_storage.servers import DataDirectory, ServerError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")

HOLD = """
import sys
from emeter_storage.servers import DataDirectory
DataDirectory(sys.argv[1]).prepare().lock()
print("locked", flush=True)
sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_created_for_its_owner_and_the_servers_alone(data: DataDirectory) -> None:
    data.prepare()
    assert mode(data.path) == (0o710 if os.geteuid() == 0 else 0o700)
    assert mode(data.logs) == mode(data.mail) == 0o700
    assert data.path.stat().st_gid == (data.account.gid if data.account else os.getegid())


def test_missing_parents_are_created_with_default_modes(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    DataDirectory(tmp_path / "a" / "b" / "data").prepare()
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == mode(tmp_path / "plain")


def test_the_mode_of_one_that_held_files_is_left_alone(data: DataDirectory) -> None:
    data.path.mkdir(mode=0o755)
    data.secret_key_path.touch()
    data.prepare()
    assert mode(data.path) == 0o755


def test_an_empty_one_becomes_private(data: DataDirectory) -> None:
    data.path.mkdir(mode=0o755)
    data.prepare()
    assert mode(data.path) & 0o007 == 0


def test_one_that_others_can_write_to_is_refused(data: DataDirectory) -> None:
    data.path.mkdir()
    data.secret_key_path.touch()
    data.path.chmod(0o777)
    with pytest.raises(ServerError, match="Others can write"):
        data.prepare()


@as_root
def test_one_of_somebody_else_is_refused_by_root(data: DataDirectory) -> None:
    data.path.mkdir()
    os.chown(data.path, 65534, 65534)
    with pytest.raises(ServerError, match="belongs to the user id 65534, not to 0"):
        data.prepare()
    assert list(data.path.iterdir()) == []


@not_as_root
def test_one_of_root_is_refused_by_an_ordinary_user() -> None:
    with pytest.raises(ServerError, match="belongs to the user id 0"):
        DataDirectory("/usr").prepare()


@not_as_root
def test_one_that_cannot_be_written_is_refused(data: DataDirectory) -> None:
    data.path.mkdir()
    (data.path / "file").touch()
    data.path.chmod(0o500)
    with pytest.raises(ServerError, match="Permission denied"):
        data.prepare()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file", "is a file"),
        ("file/data", "file: File exists"),
        ("x" * 256, "too long"),
        ("/".join(["x" * 200] * 5), "over 900 bytes"),
        ("a\nb", "line break"),
        ("a\0b", "cannot be used"),
        ("loop/data", "cannot be used"),
    ],
)
def test_what_can_be_no_directory_is_refused_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ServerError, match=reason) as caught:
        DataDirectory(f"{tmp_path}/{name}").prepare()
    assert "\n" not in str(caught.value)


def test_a_second_lock_is_refused_with_the_pid_of_the_first(
    data: DataDirectory, script: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = script(HOLD, data.path)
    assert holder.stdout
    assert holder.stdout.readline() == "locked\n"
    with pytest.raises(ServerError, match=rf"in use: process {holder.pid} "):
        data.lock()
    holder.kill()
    holder.wait()
    data.lock()


def test_a_lock_is_taken_once_and_given_back(data: DataDirectory) -> None:
    other = DataDirectory(data.prepare().path)
    data.lock()
    data.lock()
    with pytest.raises(ServerError, match=f"process {os.getpid()} "):
        other.lock()
    data.unlock()
    other.lock()
    other.unlock()


def test_a_link_to_it_is_the_same_directory(data: DataDirectory, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data.prepare().path)
    assert DataDirectory(tmp_path / "link").run_directory == data.run_directory


def test_the_urls_lead_to_the_sockets_through_a_short_path(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / ("x" * 200))
    assert len(str(data.run_directory)) < 60
    assert data.database_url == f"postgresql+psycopg2://emeter@/emeter?host={data.run_directory}&port=5432"
    assert data.redis_url == f"unix://{data.run_directory}/redis.sock"
