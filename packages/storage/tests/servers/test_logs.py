import os
from pathlib import Path

from emeter_storage.servers.logs import Log


def write(log: Log, text: bytes) -> None:
    file = log.open()
    os.write(file, text)
    os.close(file)


def test_the_news_are_what_was_written_since_the_start(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    write(log, b"old\n")
    write(log, b"one\n\ntwo\nthree\n")
    assert log.news() == "one | two | three"
    assert log.news(1) == "three"


def test_a_long_log_makes_place_at_the_next_start(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    write(log, b"old\n")
    os.truncate(log.path, 11 * 1024 * 1024)
    write(log, b"new\n")
    assert log.path.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.1").stat().st_size == 11 * 1024 * 1024


def test_a_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    write(log, b"x")
    assert log.path.stat().st_mode & 0o777 == 0o600
