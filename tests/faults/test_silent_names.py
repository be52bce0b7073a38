"""Monitors whose name server does not answer change neither verdict nor lateness of the others."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import harness.worker_process
import pytest
from harness.emeter import PYTHON, Emeter
from harness.names import DEAD, LIVE, NameServer
from harness.targets import Targets

from emeter_core.outcome import Reason
from emeter_core.processes import Histogram

INTERVAL = TIMEOUT = 5
# What p99 may differ by chance on two busy cores: far below the second that one silent name would cost.
NOISE_MS = 25
SECRET = "a secret key of the tests, which is long enough"

SIZES = [
    pytest.param(40, 100, 6, id="short"),
    pytest.param(200, 500, 60, id="full", marks=pytest.mark.soak),
]


@dataclass(frozen=True)
class Phase:
    """How late the checks of the others started, in milliseconds, and how they were found."""

    p50: float
    p99: float
    most: int
    checks: int
    reasons: set[Reason]
    by_worker: float
    """The p99 of all checks, the silent ones too, in the worker's own histogram, in milliseconds."""


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def house(names: NameServer, database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Emeter]:
    """A scheduler and a worker that asks our name server, on the servers of the tests."""
    house = Emeter(
        tmp_path / "house",
        DATABASE_URL=database_url,
        REDIS_URL=redis_url,
        SECRET_KEY=SECRET,
        EMETER_PRIVATE_TARGETS="127.0.0.0/8",
    )
    house.register()
    script = str(Path(harness.worker_process.__file__))
    with ExitStack() as stack:
        log = stack.enter_context(house.log.open("wb"))
        for command in ([*PYTHON, "scheduler"], [sys.executable, script, names.address]):
            process = subprocess.Popen(command, env=house.environment, cwd="/", stdout=log, stderr=log)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        yield house
    house.forget_database()


@pytest.mark.parametrize(("silent", "others", "seconds"), SIZES)
def test_silent_names_change_nothing_for_the_others(
    house: Emeter,
    names: NameServer,
    targets: Targets,
    figure: Callable[[str], None],
    silent: int,
    others: int,
    seconds: int,
) -> None:
    site = targets.serve()
    # Every second one is reached by its name.
    hosts = [f"n{number}.{LIVE}" if number % 2 else "127.0.0.1" for number in range(others)]
    healthy = _add(house, [site.url(f"/{number}", host) for number, host in enumerate(hosts)])
    without = _phase(house, healthy, seconds)
    dead = _add(house, [site.url("/", f"n{number}.{DEAD}") for number in range(silent)])
    present = _phase(house, healthy, seconds)
    for name, phase in (("without", without), ("with", present)):
        figure(f"{others} others {name} {silent} silent names: {phase}")
    assert (without.reasons, present.reasons) == ({Reason.OK}, {Reason.OK})
    assert _conditions(house, healthy) == {"up": others}
    assert _reasons(house, dead) == {Reason.NAME_SERVER_SILENT}
    assert names.ignored >= silent
    assert present.checks >= others * (seconds // INTERVAL)
    assert present.p99 <= max(2 * without.p99, without.p99 + NOISE_MS)
    assert present.by_worker <= max(2 * without.by_worker, without.by_worker + NOISE_MS)


def _add(house: Emeter, urls: list[str]) -> list[int]:
    """Add monitors, and wait for their second results: the first checks come all at once, later ones not."""
    probes = house.add_monitors(
        [{"target": url, "name": url, "interval": INTERVAL, "timeout": TIMEOUT} for url in urls]
    )
    added_at = datetime.now(UTC)
    spread = "SELECT bool_and(last_slot > :added_at) FROM probes WHERE id = ANY (:probes)"
    house.wait_until(
        lambda: house.rows(spread, probes=probes, added_at=added_at) == [(True,)],
        5 * INTERVAL,
        "second results",
    )
    return probes


def _phase(house: Emeter, probes: list[int], seconds: int) -> Phase:
    """Look at the slots of the next `seconds`, once all of them have their results."""
    before = _histogram(house, datetime.now(UTC))
    begin, end = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=seconds)
    house.wait_until(lambda: _is_over(house, probes, end), seconds + 3 * INTERVAL, "results of the phase")
    values = {"probes": probes, "begin": begin, "end": end}
    of_these = "FROM results WHERE probe_id = ANY (:probes) AND slot BETWEEN :begin AND :end"
    ((p50, p99, most, checks, reasons),) = house.rows(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late_ms),"
        " percentile_cont(0.99) WITHIN GROUP (ORDER BY late_ms), max(late_ms), count(*),"
        f" array_agg(DISTINCT reason) {of_these}",
        **values,
    )
    after = _histogram(house, end)
    by_worker = Histogram({key: count - before.get(key, 0) for key, count in after.items()}, 10**9)
    return Phase(p50, p99, most, checks, set(map(Reason, reasons)), by_worker.percentile(0.99) / 1000)


def _is_over(house: Emeter, probes: list[int], end: datetime) -> bool:
    """Whether each slot of the probes up to `end` has been checked and recorded."""
    ahead = "SELECT min(next_slot) > :end FROM probes WHERE id = ANY (:probes)"
    under_way = "SELECT count(*) = 0 FROM claims WHERE slot <= :end AND probe_id = ANY (:probes)"
    return house.rows(f"SELECT ({ahead}) AND ({under_way})", end=end, probes=probes) == [(True,)]


def _histogram(house: Emeter, since: datetime) -> dict[int, int]:
    """The worker's own counts of lateness, as it reports them after `since`."""
    told = "SELECT info->'lateness'->'counts' FROM processes WHERE name = 'worker' AND seen_at > :since"
    ((counts,),) = house.wait_until(lambda: house.rows(told, since=since), 20, "a report of the worker")
    return {int(bucket): count for bucket, count in counts.items()}


def _reasons(house: Emeter, probes: list[int]) -> set[Reason]:
    found = "SELECT DISTINCT reason FROM results WHERE probe_id = ANY (:probes)"
    return {Reason(reason) for (reason,) in house.rows(found, probes=probes)}


def _conditions(house: Emeter, probes: list[int]) -> dict[str, int]:
    counted = "SELECT condition, count(*) FROM probes WHERE id = ANY (:probes) GROUP BY condition"
    return dict(map(tuple, house.rows(counted, probes=probes)))
