"""What befalls servers: each a context in which a Redis or a PostgreSQL is of no use, until it ends."""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import redis

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer
from harness.processes import tree_of

_FILL = b"x" * 65536
_OF_E_METER = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'somebody else'
"""


@contextmanager
def flushed(server: RedisServer) -> Iterator[None]:
    """Its keys are thrown away again and again."""
    rng = random.Random(5)

    def flush() -> float:
        client.flushall()
        return rng.uniform(0.05, 1.0)

    with redis.Redis.from_url(server.url) as client, _again_and_again(flush):
        yield


@contextmanager
def frozen(server: RedisServer | PostgresServer) -> Iterator[None]:
    """All its processes stand still: its socket takes connections, and nobody answers."""
    assert server.pid
    pids = tree_of(server.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def out_of_memory(server: RedisServer) -> Iterator[None]:
    """It refuses whatever would need memory; what it holds is somebody else's."""
    with redis.Redis.from_url(server.url) as client:
        usual = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + 20 * len(_FILL))
        with suppress(redis.exceptions.OutOfMemoryError):
            for number in range(1000):
                client.set(f"filler-{number}", _FILL)
        # So that not even a small job finds room.
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", usual)
            client.delete(*(f"filler-{number}" for number in range(1000)))


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """It was stopped at once, as by `pg_ctl stop -m immediate`."""
    assert server.pid
    os.kill(server.pid, signal.SIGQUIT)
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def out_of_connections(server: PostgresServer) -> Iterator[None]:
    """Somebody else holds all connections, and whoever had one has lost it."""
    url = f"host={server.data.run_directory} port=5432 user=emeter dbname=postgres"
    held = [psycopg2.connect(url, application_name="somebody else")]
    held[0].autocommit = True

    def take_all() -> float:
        if len(held) < int(held[0].info.parameter_status("max_connections") or 100):
            with held[0].cursor() as cursor:
                cursor.execute(_OF_E_METER)
        with suppress(psycopg2.OperationalError):
            while True:
                held.append(psycopg2.connect(url, application_name="somebody else"))
        return 0.05

    try:
        with _again_and_again(take_all):
            yield
    finally:
        for connection in held:
            connection.close()


@contextmanager
def out_of_disk(data: DataDirectory) -> Iterator[None]:
    """Its file system is full to the last byte, and what becomes free is taken at once."""
    path = data.path / "filler"

    def fill() -> float:
        with suppress(OSError):
            while True:
                os.write(filler, _FILL)
        with suppress(OSError):
            while True:
                os.write(filler, b"x")
        return 0.02

    filler = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        with _again_and_again(fill):
            yield
    finally:
        os.close(filler)
        path.unlink()


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[None]:
    """A file system of this size at `path`, which need not exist; raises OSError where it is not allowed."""
    path.mkdir()
    code = os.system(f"mount -t tmpfs -o size={megabytes}m,mode=0711 tmpfs {path} 2>/dev/null")
    if code:
        raise OSError("a file system of a test's own needs root")
    try:
        yield
    finally:
        os.system(f"umount -l {path}")


@contextmanager
def _again_and_again(work: Callable[[], float]) -> Iterator[None]:
    """Call `work` at once, then in a thread, after as many seconds as it says each time."""
    ended = threading.Event()
    pause = work()

    def run() -> None:
        nonlocal pause
        while not ended.wait(pause):
            pause = work()

    thread = threading.Thread(target=run, name="storm")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
