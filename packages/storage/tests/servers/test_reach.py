import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer, ServerError, is_running, reach


def test_the_servers_run_when_both_answer(
    data: DataDirectory, postgres: PostgresServer, redis: RedisServer
) -> None:
    assert not is_running(data)
    with pytest.raises(ServerError, match="start them with `emeter up`"):
        reach(data)
    postgres.start()
    assert not is_running(data)
    redis.start()
    assert is_running(DataDirectory(data.path))
    reach(data)
    postgres.stop()
    assert not is_running(data)


def test_no_tcp_port_is_open(postgres: PostgresServer, redis: RedisServer) -> None:
    postgres.start()
    redis.start()
    listening = {
        line.split()[9]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    held = set(inodes(postgres.pid)) | set(inodes(redis.pid))
    assert len(held) >= 2
    assert not held & listening


def inodes(pid: int | None) -> Iterator[str]:
    """Yield the inodes of the sockets that a process holds."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if match := re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink())):
            yield match[1]
