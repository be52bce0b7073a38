"""A worker that is asked to end: in time, with nothing lost, whatever hangs and whatever is away."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness.crew import Crew
from harness.emeter import Emeter
from harness.site import Site
from harness.slots import Ledger, explain_arrivals, read_ledgers
from harness.storms import frozen
from harness.targets import Targets, hang

from emeter_core.checks.slots import slot_after
from emeter_core.outcome import Reason
from emeter_storage.servers import DataDirectory, PostgresServer

INTERVAL = 5
BEYOND_TIMEOUT = 5.0
"""Seconds that the end may take beyond the longest timeout."""

PATIENCE_S = 20.0
"""How long a worker waits for a statement of a PostgreSQL that stands still."""

LATER = 20.0
"""Seconds after which one need not wait for an end any more, to see that it is too late."""


@dataclass(frozen=True)
class Load:
    """How often workers are restarted, how many monitors are healthy, and how many hang for `timeout`."""

    restarts: int
    healthy: int
    hanging: int
    timeout: int


LOADS = [
    pytest.param(Load(2, 60, 10, 2), id="short"),
    pytest.param(Load(100, 500, 25, 4), id="full", marks=pytest.mark.soak),
    pytest.param(Load(3, 200, 25, 60), id="longest timeout", marks=pytest.mark.soak),
]


@pytest.fixture
def crew(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Crew]:
    with Crew(tmp_path, database_url, redis_url) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "arrivals")
    yield made
    made.close()


def hanging(targets: Targets, count: int, *, timeout: int) -> list[dict[str, object]]:
    """Monitors of a target that never answers, checked as often as their timeout lets them be."""
    silent = targets.serve(hang)
    interval = max(INTERVAL, timeout)
    return [
        {"target": silent.url(), "name": f"h{number}", "interval": interval, "timeout": timeout}
        for number in range(count)
    ]


@pytest.mark.parametrize("load", LOADS)
def test_workers_that_are_restarted_in_turn_lose_no_slot(
    crew: Crew, targets: Targets, site: Site, figure: Callable[[str], None], load: Load
) -> None:
    """Each takes over what the other had not begun; every second one is two processes."""
    crew.start("scheduler")
    workers = [crew.start("worker"), crew.start("worker", "--processes", "2")]
    pages = [
        {"target": site.url(n), "name": f"m{n}", "interval": INTERVAL, "timeout": 2}
        for n in range(load.healthy)
    ]
    probes = crew.house.add_monitors([*pages, *hanging(targets, load.hanging, timeout=load.timeout)])
    known = "SELECT count(*) FROM probes WHERE last_slot IS NULL"
    crew.house.wait_until(lambda: crew.house.rows(known) == [(0,)], load.timeout + 20, "results of all")

    since, took = datetime.now(UTC), []
    for turn in range(load.restarts):
        took.append(workers.pop(0).stop(load.timeout + LATER))
        workers.append(crew.start("worker", *(("--processes", "2") if turn % 2 else ())))
    until = datetime.now(UTC)
    crew.house.wait_until(
        lambda: crew.house.rows(_UNSETTLED, until=until) == [(0,)], load.timeout + 30, "the end of all slots"
    )

    ledgers, arrivals = read_ledgers(crew.house.database, probes), site.arrivals()
    slots = {probe: _slots(ledger, since, until) for probe, ledger in ledgers.items()}
    lost = [(probe, slot) for probe, each in slots.items() for slot in each - ledgers[probe].results.keys()]
    asked = [
        problem
        for page, probe in enumerate(probes[: load.healthy])
        for problem in explain_arrivals(replace(ledgers[probe], gaps=[]), arrivals[page], until)
    ]
    reasons = Counter(
        (probe in probes[: load.healthy], ledgers[probe].results[slot][2])
        for probe, each in slots.items()
        for slot in each
        if slot in ledgers[probe].results
    )
    count = sum(map(len, slots.values()))
    figure(f"{load}: stopped within {max(took):.1f} s each; of {count} slots {len(lost)} were lost")
    assert max(took) <= load.timeout + BEYOND_TIMEOUT
    assert (lost, asked) == ([], [])
    assert set(reasons) == {(True, Reason.OK), (False, Reason.TIMEOUT)}


_UNSETTLED = """
SELECT count(*) FROM probes p WHERE next_slot <= :until
  OR EXISTS (SELECT FROM claims c WHERE c.probe_id = p.id AND c.slot <= :until)
"""


def _slots(ledger: Ledger, since: datetime, until: datetime) -> set[datetime]:
    """The regular slots of a probe in a stretch of time."""
    found = [slot_after(ledger.probe_id, ledger.interval_ms, since)]
    while found[-1] <= until:
        found.append(slot_after(ledger.probe_id, ledger.interval_ms, found[-1]))
    return set(found[:-1])


def test_as_a_child_of_up_it_ends_in_time(
    new_emeter: Callable[..., Emeter], targets: Targets, figure: Callable[[str], None]
) -> None:
    emeter = new_emeter(EMETER_WORKERS="2").start().register()
    emeter.add_monitors(hanging(targets, 30, timeout=2))
    in_flight = "SELECT count(*) FROM claims WHERE taken_by IS NOT NULL AND slot < now()"
    emeter.wait_until(lambda: emeter.rows(in_flight)[0][0] >= 20, 20, "checks in flight")
    began = time.monotonic()
    emeter.stop()
    took = time.monotonic() - began
    figure(f"emeter up with two workers, 30 checks that hang until 2 s: ended after {took:.1f} s")
    assert took <= 2 + BEYOND_TIMEOUT


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of our own: it goes away, and nobody starts it again behind our back."""
    made = PostgresServer(DataDirectory(tmp_path / "servers"), fsync=False)
    made.start()
    yield made
    made.stop()


def test_what_is_found_while_postgresql_is_stopped_is_kept_and_a_worker_ends_without_it(
    server: PostgresServer, redis_url: str, tmp_path: Path, targets: Targets, figure: Callable[[str], None]
) -> None:
    with Crew(tmp_path, server.url, redis_url) as crew:
        crew.start("scheduler")
        workers = [crew.start("worker") for _ in range(2)]
        probes = crew.house.add_monitors(hanging(targets, 40, timeout=3))
        now_in_flight = _in_flight(crew, least=20)
        crew.house.forget_database()
        server.stop()
        time.sleep(4)
        server.start()
        crew.house.wait_until(lambda: now_in_flight <= _recorded(crew, probes), 20, "what was in flight")

        _in_flight(crew, least=20)
        with frozen(server):
            still = workers[0].stop(3 + PATIENCE_S + LATER)
        crew.house.forget_database()
        server.stop()
        gone = workers[1].stop(3 + BEYOND_TIMEOUT + LATER)
    figure(
        f"PostgreSQL stopped for 4 s: {len(now_in_flight)} checks that ended meanwhile were recorded;"
        f" workers ended after {still:.1f} s where it stands still, {gone:.1f} s where it is gone"
    )
    assert still <= 3 + PATIENCE_S + BEYOND_TIMEOUT
    assert gone <= 3 + BEYOND_TIMEOUT


def _in_flight(crew: Crew, *, least: int) -> set[tuple[int, datetime]]:
    """The checks in flight, once there are as many."""
    found = "SELECT probe_id, slot FROM claims WHERE taken_by IS NOT NULL AND slot < now() - interval '0.2 s'"
    rows = crew.house.wait_until(
        lambda: rows if len(rows := crew.house.rows(found)) >= least else None, 30, "checks in flight"
    )
    return {(probe_id, slot) for probe_id, slot in rows}


def _recorded(crew: Crew, probes: list[int]) -> set[tuple[int, datetime]]:
    found = "SELECT probe_id, slot FROM results WHERE probe_id = ANY (:probes)"
    return {(probe_id, slot) for probe_id, slot in crew.house.rows(found, probes=probes)}


@pytest.mark.soak
def test_a_full_engine_takes_no_more_and_nothing_that_is_well_is_called_down(
    crew: Crew, targets: Targets, site: Site, figure: Callable[[str], None]
) -> None:
    """It may have 200 files open, so 100 checks in flight; 300 that hang want 120 at any time, and more."""
    crew.start("scheduler")
    worker = crew.start("worker", files=200)
    pages = [{"target": site.url(n), "name": f"m{n}", "interval": INTERVAL, "timeout": 2} for n in range(30)]
    probes = crew.house.add_monitors([*pages, *hanging(targets, 300, timeout=4)])
    seen = 0
    end = time.monotonic() + 60
    while time.monotonic() < end:
        in_flight = "SELECT max((info->>'in_flight')::int) FROM processes WHERE name = 'worker'"
        seen = max(seen, crew.house.rows(in_flight)[0][0] or 0)
        time.sleep(0.5)
    ledgers = read_ledgers(crew.house.database, probes)
    well = {reason for probe in probes[:30] for _, _, reason in ledgers[probe].results.values()}
    late = sum(count for ledger in ledgers.values() for _, _, count, _ in ledger.gaps)
    results = sum(len(ledger.results) for ledger in ledgers.values())
    figure(f"room for 100 checks, 330 monitors: at most {seen} in flight, {results} results, {late} missed")
    assert worker.process.poll() is None
    assert 80 <= seen <= 100
    assert well == {Reason.OK}
    assert "Too many open files" not in worker.said()
