"""PostgreSQL's files of settings on a disk that is full."""

import errno
import os
from pathlib import Path

import pytest

from emeter_storage.servers.account import Account
from emeter_storage.servers.postgres_files import write_files


def test_a_full_disk_leaves_the_settings_as_they_were(tmp_path: Path, monkeypatch) -> None:
    client = Account("somebody", os.getuid(), os.getgid())
    write_files(tmp_path, tmp_path, client, None, fsync=True)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_files(tmp_path, tmp_path, client, None, fsync=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
