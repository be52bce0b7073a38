"""The same servers for a user who is not root; as root, that user is one that exists for the test alone."""

import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emeter_storage.servers import Account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="all tests run as an ordinary user already")

SERVE = """
import os, sys, pwd
from pathlib import Path
import psycopg2, redis
from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer, ServerError
data = DataDirectory(sys.argv[1])
servers = PostgresServer(data, fsync=False), RedisServer(data)
for server in servers:
    server.start()
connection = psycopg2.connect(host=str(data.run_directory), port=5432, user="emeter", dbname="emeter")
with redis.Redis.from_url(data.redis_url) as queue:
    assert queue.ping()
connection.close()
owners = {Path(f"/proc/{server.pid}").stat().st_uid for server in servers}
print(oct(data.path.stat().st_mode)[-3:], owners, flush=True)
for server in servers:
    server.stop()
try:
    DataDirectory("/usr").prepare()
except ServerError as error:
    print(error)
"""


def test_the_servers_are_the_users_own(tmp_path: Path, script: Callable[..., subprocess.Popen[str]]) -> None:
    nobody = pwd.getpwnam("nobody")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    user = Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)
    said, _ = script(SERVE, home / "data", user=user).communicate(timeout=60)
    lines = said.splitlines()
    assert lines[0] == f"700 {{{nobody.pw_uid}}}"
    assert lines[1].startswith("The data directory /usr belongs to the user id 0")


def test_a_user_without_a_name_is_told_so(
    tmp_path: Path, script: Callable[..., subprocess.Popen[str]], ordinary_user: Account
) -> None:
    os.chown(tmp_path, ordinary_user.uid, ordinary_user.gid)
    source = SERVE.replace(
        "    server.start()",
        "    try:\n        server.start()\n    except ServerError as e:\n        print(e); sys.exit()",
    )
    said, _ = script(source, tmp_path / "data", user=ordinary_user).communicate(timeout=60)
    assert "has no name in /etc/passwd" in said
