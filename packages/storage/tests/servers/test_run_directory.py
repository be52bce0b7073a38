import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emeter_storage.servers import DataDirectory, ServerError


@pytest.fixture
def run(data: DataDirectory) -> Iterator[Path]:
    data.prepare()
    yield data.run_directory
    if data.run_directory.is_symlink():
        data.run_directory.unlink()
    data.drop_run_directory()


def test_it_belongs_to_the_servers_alone(data: DataDirectory, run: Path) -> None:
    data.make_run_directory()
    data.make_run_directory()
    info = run.lstat()
    assert info.st_mode & 0o777 == 0o700
    assert info.st_uid == (data.account.uid if data.account else os.geteuid())


def test_a_symlink_in_its_place_is_refused(data: DataDirectory, run: Path, tmp_path: Path) -> None:
    run.symlink_to(tmp_path)
    with pytest.raises(ServerError, match="not E-Meter's own"):
        data.make_run_directory()


def test_a_directory_that_others_may_enter_is_refused(data: DataDirectory, run: Path) -> None:
    run.mkdir()
    run.chmod(0o755)
    with pytest.raises(ServerError, match="not E-Meter's own"):
        data.make_run_directory()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
def test_a_directory_of_somebody_else_is_refused(data: DataDirectory, run: Path) -> None:
    run.mkdir(mode=0o700)
    os.chown(run, 64999, 64999)
    with pytest.raises(ServerError, match="not E-Meter's own"):
        data.make_run_directory()
