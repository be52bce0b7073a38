import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from signal import Signals

import pytest
from sqlalchemy import create_engine, text

from emeter_storage.servers import (
    Account,
    DataDirectory,
    PostgresServer,
    ServerError,
    child_command,
)
from emeter_storage.servers.cluster import program

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs a second account, which only root can become")

Query = Callable[[DataDirectory, str], object]


def test_the_second_start_finds_the_data(postgres: PostgresServer, query: Query) -> None:
    postgres.start()
    query(postgres.data, "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    assert (postgres.pid, postgres.poll()) == (None, 0)
    postgres.start()
    assert query(postgres.data, "SELECT answer FROM kept") == 42


def test_starting_a_running_server_changes_nothing(postgres: PostgresServer) -> None:
    postgres.start()
    pid = postgres.pid
    postgres.start()
    assert postgres.pid == pid


def test_its_url_serves_sqlalchemy_whatever_libpq_is_told(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATABASE", "another")
    postgres.start()
    engine = create_engine(postgres.url)
    with engine.connect() as connection:
        assert (
            connection.execute(text("SELECT current_user || current_database()")).scalar() == "emeteremeter"
        )
    engine.dispose()


def test_it_speaks_utf8_and_utc_and_has_checksums(postgres: PostgresServer, query: Query) -> None:
    postgres.start()
    settings = {
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "data_checksums": "on",
        "listen_addresses": "",
        "jit": "off",
        "max_connections": "100",
        "fsync": "off",
        "log_min_error_statement": "panic",
    }
    for name, value in settings.items():
        assert query(postgres.data, f"SHOW {name}") == value
    assert query(postgres.data, "SELECT upper('ä') = 'Ä'")


def test_a_setting_of_ones_own_outlives_a_restart(postgres: PostgresServer, query: Query) -> None:
    postgres.start()
    query(postgres.data, "ALTER SYSTEM SET work_mem = '7MB'")
    postgres.stop()
    postgres.start()
    assert query(postgres.data, "SHOW work_mem") == "7MB"


@pytest.mark.parametrize("length", [150, 200])
def test_a_long_path_is_no_hindrance(tmp_path: Path, length: int, query: Query) -> None:
    rest = length - len(str(tmp_path)) - 1
    data = DataDirectory(tmp_path / ("x" * (rest // 2)) / ("y" * (rest - rest // 2 - 1)))
    assert len(str(data.path)) == length
    server = PostgresServer(data, fsync=False)
    server.start()
    try:
        assert query(data, "SELECT 1") == 1
    finally:
        server.stop()
        data.unlock()


def test_a_path_may_hold_any_character(tmp_path: Path, query: Query) -> None:
    data = DataDirectory(tmp_path / 'it\'s "mine" & #1 100%? ü')
    server = PostgresServer(data, fsync=False)
    server.start()
    try:
        assert query(data, "SELECT 1") == 1
    finally:
        server.stop()
        data.unlock()


def test_no_mode_above_the_data_directory_changes(postgres: PostgresServer) -> None:
    def above() -> list[tuple[int, int, int]]:
        stats = [parent.stat() for parent in postgres.data.path.parents]
        return [(info.st_mode, info.st_uid, info.st_gid) for info in stats]

    before = above()
    postgres.start()
    assert above() == before
    assert postgres.data.cluster.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_finds_its_data_below_a_closed_parent(postgres: PostgresServer, query: Query) -> None:
    postgres.data.path.parent.chmod(0o700)
    postgres.start()
    assert query(postgres.data, "SELECT 1") == 1
    assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0


def test_a_wrong_file_of_access_is_put_right(postgres: PostgresServer, query: Query) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data.cluster / "pg_hba.conf").write_text("local all all trust\n")
    (postgres.data.cluster / "pg_ident.conf").unlink()
    postgres.start()
    assert query(postgres.data, "SELECT string_agg(auth_method, ',') FROM pg_hba_file_rules") == "peer"


def psql(data: DataDirectory, user: Account) -> subprocess.CompletedProcess[str]:
    argv = [program("psql"), "-X", "-h", str(data.run_directory), "-U", "emeter", "-c", "SELECT 1", "emeter"]
    argv = child_command(argv, death_signal=Signals.SIGTERM, user=user)
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")


@as_root
def test_peer_refuses_another_user(postgres: PostgresServer) -> None:
    postgres.start()
    assert postgres.data.account
    done = psql(postgres.data, postgres.data.account)
    assert done.returncode != 0
    assert "Peer authentication failed" in done.stderr


@as_root
def test_another_user_does_not_even_reach_the_socket(
    postgres: PostgresServer, ordinary_user: Account
) -> None:
    postgres.start()
    done = psql(postgres.data, ordinary_user)
    assert done.returncode != 0
    assert "Permission denied" in done.stderr


def test_a_start_that_cannot_succeed_tells_the_last_lines_of_the_log(postgres: PostgresServer) -> None:
    postgres.start()
    postgres.stop()
    control = postgres.data.cluster / "global" / "pg_control"
    control.rename(postgres.data.path / "moved")
    with pytest.raises(ServerError, match=r"postgres does not start: .*global/pg_control"):
        postgres.start()
    assert postgres.pid is None
    (postgres.data.path / "moved").rename(control)
    postgres.start()


def test_a_cluster_of_another_version_is_refused(postgres: PostgresServer) -> None:
    postgres.data.prepare().cluster.mkdir()
    os.chown(postgres.data.cluster, *((65534, 65534) if os.geteuid() == 0 else (-1, -1)))
    (postgres.data.cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match="made by PostgreSQL 17, and this is 18"):
        postgres.start()


def test_files_that_are_no_cluster_are_left_alone(postgres: PostgresServer) -> None:
    postgres.data.prepare().cluster.mkdir()
    os.chown(postgres.data.cluster, *((65534, 65534) if os.geteuid() == 0 else (-1, -1)))
    (postgres.data.cluster / "file").touch()
    with pytest.raises(ServerError, match="no PostgreSQL cluster"):
        postgres.start()
    assert (postgres.data.cluster / "file").exists()


@as_root
def test_a_cluster_of_roots_is_refused_with_the_remedy(postgres: PostgresServer) -> None:
    postgres.data.prepare().cluster.mkdir()
    with pytest.raises(ServerError, match="chown -R"):
        postgres.start()
