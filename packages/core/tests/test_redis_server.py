import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NotThereError
from redis.retry import Retry

from emeter_core.redis_server import inspect, judge
from emeter_storage.errors import UserError
from emeter_storage.servers.redis import redis_program


@pytest.mark.parametrize("version", ["6.0.20", "5.0.14", "6.1.240", "", "unknown"])
def test_a_redis_before_6_2_is_refused(version: str) -> None:
    with pytest.raises(UserError, match=r"6\.2 is the oldest that will do"):
        judge({"redis_version": version})


@pytest.mark.parametrize(
    "version", ["6.2.20", "6.2.21", "7.2.11", "7.4.6", "8.0.4", "8.2.2", "8.2.3", "8.4.0", "10.0.0"]
)
def test_a_redis_that_is_mended_is_taken_in_silence(version: str) -> None:
    assert judge({"redis_version": version}) == ""


@pytest.mark.parametrize("version", ["6.2.19", "7.0.15", "7.2.10", "7.4.5", "8.0.3", "8.2.1", "8.2"])
def test_a_redis_before_the_fix_is_warned_of(version: str) -> None:
    assert judge({"redis_version": version}).startswith(f"The Redis of REDIS_URL is {version}, whose scripts")


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [
        ("7.2.10", False),
        ("7.2.11", True),
        ("8.0.5", False),
        ("8.0.6", True),
        ("8.1.4", True),
        ("9.0.1", True),
    ],
)
def test_a_valkey_has_numbers_of_its_own(version: str, *, is_safe: bool) -> None:
    warning = judge({"redis_version": "7.2.4", "valkey_version": version})
    assert (warning == "") is is_safe
    assert is_safe or "The Valkey of REDIS_URL is" in warning


def test_a_server_that_runs_is_judged_by_what_it_says(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert inspect(client) == judge(client.info("server"))


@pytest.fixture
def open_port(tmp_path: Path) -> Iterator[int]:
    """The port of a Redis on loopback that asks nobody for a password."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    words = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path))
    with subprocess.Popen([redis_program(), *words], stdout=subprocess.DEVNULL) as server:
        patient = Retry(ConstantBackoff(0.02), 500, (NotThereError,))
        with Redis(port=port, retry=patient, socket_timeout=5) as client:
            assert client.ping()
        yield port
        server.terminate()


def test_a_port_that_lets_in_everybody_is_refused_whatever_the_url_brings(open_port: int) -> None:
    with Redis.from_url(f"redis://default:pass@127.0.0.1:{open_port}/1", socket_timeout=5) as client:
        with pytest.raises(UserError, match="lets in whoever brings no password: set requirepass"):
            inspect(client)
        client.config_set("requirepass", "pass")
        assert inspect(client) == judge(client.info("server"))
