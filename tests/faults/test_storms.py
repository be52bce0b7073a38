"""Redis or PostgreSQL is of no use for a while: nothing false is told, no result or slot is lost."""

import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from harness.emeter import Emeter, short_directory
from harness.site import Site
from harness.storms import (
    flushed,
    frozen,
    out_of_connections,
    out_of_disk,
    out_of_memory,
    small_disk,
    stopped,
)
from harness.targets import Targets
from harness.watch import BACK_WITHIN, INTERVAL, Watch, now, watch

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer

S = TypeVar("S", PostgresServer, RedisServer)
F = TypeVar("F", bound=Callable[..., None])


class Size(NamedTuple):
    """How many monitors of each sort, at 5 s."""

    healthy: int
    refused: int
    hanging: int


FEW, MANY = Size(40, 0, 0), Size(470, 15, 15)
"""The many are a hundred checks a second."""

SHORT_S, BETWEEN_S, SHORT_CALM_S = 4.0, 2.0, 10.0
STORM_S = 60.0
FLUSHES_S = 30.0
LONGER_S = 5.0
"""At most so much is added by chance: whoever looks every five seconds is met at any of them."""
CALM_S = 25.0
"""Seconds after a storm, in which all has to be as before."""
DISK_MB = 600


@pytest.fixture(scope="module")
def postgres(servers: DataDirectory) -> Iterator[PostgresServer]:
    yield from _kept(PostgresServer(servers))


@pytest.fixture(scope="module")
def redis(servers: DataDirectory) -> Iterator[RedisServer]:
    yield from _kept(RedisServer(servers))


@pytest.fixture(scope="module")
def size(request: pytest.FixtureRequest) -> Size:
    """One E-Meter for all tests of a size."""
    found: Size = request.param
    return found


def few(test: F) -> F:
    """Mark what every run shows, of all storms together."""
    return pytest.mark.parametrize("size", [FEW], indirect=True, ids=["few"])(test)


def many(test: F) -> F:
    """Mark what takes minutes."""
    return pytest.mark.soak(pytest.mark.parametrize("size", [MANY], indirect=True, ids=["many"])(test))


@pytest.fixture(scope="module")
def servers(size: Size) -> Iterator[DataDirectory]:
    """Servers of our own, so that nobody starts them again behind our back."""
    root = short_directory()
    yield DataDirectory(root / "servers")
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def watched(
    make_emeter: Callable[..., Emeter],
    targets: Targets,
    postgres: PostgresServer,
    redis: RedisServer,
    size: Size,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watch]:
    running = make_emeter(
        DATABASE_URL=postgres.url,
        REDIS_URL=redis.url,
        SECRET_KEY="a secret for these tests, long enough",
        EMETER_PRIVATE_TARGETS="127.0.0.0/8",
        EMETER_WORKERS="2",
    )
    yield from _watched(running.start().register(), targets, tmp_path_factory.mktemp("site"), size)


@few
def test_short_storms_one_after_the_other_lose_nothing(
    watched: Watch, redis: RedisServer, postgres: PostgresServer, figure: Callable[[str], None]
) -> None:
    storms = [frozen(redis), out_of_memory(redis), frozen(postgres), stopped(postgres)]
    with _accounted(watched, f"five storms of {SHORT_S:g} s", figure, calm=SHORT_CALM_S) as ended:
        for storm in [*storms, out_of_connections(postgres)]:
            time.sleep(BETWEEN_S)
            with storm:
                time.sleep(SHORT_S)
            ended.append(time.time())


@many
def test_a_redis_that_is_flushed_is_written_anew(
    watched: Watch, redis: RedisServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, flushed(redis), FLUSHES_S, "Redis flushed", figure)


@many
def test_a_redis_that_stands_still_is_waited_for(
    watched: Watch, redis: RedisServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, frozen(redis), STORM_S, "Redis frozen", figure)


@many
def test_a_redis_out_of_memory_is_waited_for(
    watched: Watch, redis: RedisServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, out_of_memory(redis), STORM_S, "Redis out of memory", figure)


@many
def test_what_was_found_without_postgresql_is_recorded_when_it_is_back(
    watched: Watch, postgres: PostgresServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, stopped(postgres), STORM_S, "PostgreSQL stopped", figure)


@many
def test_what_was_found_while_postgresql_stood_still_is_recorded_when_it_goes_on(
    watched: Watch, postgres: PostgresServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, frozen(postgres), STORM_S, "PostgreSQL frozen", figure)


@many
def test_what_was_found_without_a_connection_is_recorded_when_there_is_one(
    watched: Watch, postgres: PostgresServer, figure: Callable[[str], None]
) -> None:
    _weather(watched, out_of_connections(postgres), STORM_S, "PostgreSQL out of connections", figure)


@pytest.mark.soak
def test_what_was_found_on_a_full_disk_is_recorded_when_there_is_room(
    new_emeter: Callable[..., Emeter], targets: Targets, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    running = new_emeter("disk", EMETER_WORKERS="2")
    try:
        disk = ExitStack()
        disk.enter_context(small_disk(running.data, DISK_MB))
    except OSError as error:
        pytest.skip(str(error))
    with disk:
        for watched in _watched(running.start().register(), targets, tmp_path, MANY):
            _weather(watched, out_of_disk(DataDirectory(running.data)), STORM_S, "disk full", figure)


def _weather(
    watched: Watch,
    storm: AbstractContextManager[None],
    seconds: float,
    name: str,
    figure: Callable[[str], None],
) -> None:
    """Have a storm and see that all is well within 15 s of its end, and nothing lost."""
    seconds += random.uniform(0, LONGER_S)
    with _accounted(watched, f"{name} for {seconds:.1f} s", figure) as ended:
        with storm:
            time.sleep(seconds)
        ended.append(time.time())


@contextmanager
def _accounted(
    watched: Watch, name: str, figure: Callable[[str], None], *, calm: float = CALM_S
) -> Iterator[list[float]]:
    """Account for what befalls E-Meter within; given are the moments at which it was over."""
    before, said = watched.account(now()), len(watched.emeter.said())
    ended: list[float] = []
    yield ended
    # As long as the lease of an alert or a little longer: what was under way at its begin or at its end.
    watched.troubles += 2 * len(ended)
    time.sleep(calm)
    until = now()
    watched.settle(until)
    after = watched.account(until, may_lose=False)
    back = watched.back_after(ended[-1:], until.timestamp() - INTERVAL)[0]
    waiting = max(map(int, re.findall(r'"waiting": ?(\d+)', watched.emeter.said()[said:])), default=0)
    figure(
        f"{name}: as before {back:.1f} s after its end; {after.results - before.results}"
        f" results, {waiting} of them waited in a worker, {after.gaps - before.gaps} gaps of"
        f" {after.missed - before.missed} slots, {after.lost - before.lost} of them lost on the way,"
        f" {after.alerts - before.alerts} alerts, {after.doubles - before.doubles} of them twice"
    )
    assert sorted({*after.problems} - {*before.problems}) == []
    assert watched.false_verdicts(may_be_silent=True) == []
    assert back <= BACK_WITHIN


def _kept(server: S) -> Iterator[S]:
    server.start()
    yield server
    server.stop()


def _watched(running: Emeter, targets: Targets, directory: Path, size: Size) -> Iterator[Watch]:
    site = Site(directory / "arrivals")
    watched = watch(running, site, targets, **size._asdict())
    if watched.dead:
        watched.wait_for_verdicts()
    yield watched
    running.stop()
    site.close()
