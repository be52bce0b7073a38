"""Any process may be killed: it is back within 15 s, and no verdict is false, no slot checked twice."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from signal import SIGKILL

import pytest
from harness.emeter import Emeter
from harness.slots import Ledger, account_for_slots, explain_arrivals, read_ledger
from harness.targets import Target, Targets, hang

INTERVAL, TIMEOUT = 5, 2
HEALTHY, REFUSED, HANGING = 14, 3, 3
BACK_WITHIN = 15.0
AHEAD = 2.0
"""Seconds by which slots are claimed before they fall due: later ones prove that all parts do their work."""

NAMES = ("scheduler", "worker", "sender", "postgres", "redis")


@dataclass
class Watched:
    """A running E-Meter, and what it watches."""

    emeter: Emeter
    site: Target
    paths: dict[int, str]
    """The path on `site` of each healthy probe."""
    dead: list[int]

    @property
    def probes(self) -> list[int]:
        return [*self.paths, *self.dead]


@pytest.fixture(scope="module", params=[2, pytest.param(10, marks=pytest.mark.soak)])
def rounds(request: pytest.FixtureRequest) -> int:
    """How often each process is killed."""
    return int(request.param)


@pytest.fixture(scope="module")
def watched(rounds: int, emeter: Emeter, targets: Targets) -> Watched:
    """Twenty monitors at 5 s; those that are wrong will be confirmed to be down while the killing goes on."""
    site, closed, silent = targets.serve(), targets.serve(listen=False), targets.serve(hang)
    paths = [f"/p{number}" for number in range(HEALTHY)]
    urls = [site.url(path) for path in paths] + [closed.url()] * REFUSED + [silent.url()] * HANGING
    probes = emeter.add_monitors(
        [
            {"target": url, "name": f"m{number}", "interval": INTERVAL, "timeout": TIMEOUT}
            for number, url in enumerate(urls)
        ]
    )
    seen = "SELECT bool_and(last_slot IS NOT NULL) FROM probes"
    emeter.wait_until(lambda: emeter.rows(seen) == [(True,)], 20, "the first result of all")
    return Watched(emeter, site, dict(zip(probes[:HEALTHY], paths, strict=True)), probes[HEALTHY:])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_killed_is_back_within_15_seconds(
    watched: Watched, name: str, rounds: int, figure: Callable[[str], None]
) -> None:
    took = [_kill_and_wait(watched.emeter, name) for _ in range(rounds)]
    figure(f"{name} killed: all checked again after {', '.join(f'{each:.1f}' for each in took)} s")
    assert max(took) <= BACK_WITHIN


def test_no_verdict_was_false(watched: Watched) -> None:
    rows = watched.emeter.rows(
        "SELECT p.id, s.condition FROM status_changes s JOIN probes p ON p.monitor_id = s.monitor_id"
        " ORDER BY s.id"
    )
    history: dict[int, list[str]] = {probe: [] for probe in watched.probes}
    for probe, condition in rows:
        history[probe].append(condition)
    assert {tuple(history[probe]) for probe in watched.paths} == {("pending", "up")}
    assert {tuple(history[probe]) for probe in watched.dead} == {("pending", "down")}


def test_every_outage_is_one_incident(watched: Watched) -> None:
    opened = watched.emeter.rows(
        "SELECT p.id FROM incident_monitors i JOIN probes p"
        " ON p.monitor_id = i.monitor_id WHERE resolved_at IS NULL"
    )
    assert sorted(probe for (probe,) in opened) == sorted(watched.dead)
    assert watched.emeter.rows("SELECT count(*) FROM incidents") == [(len(watched.dead),)]


def test_no_slot_is_checked_twice_and_none_is_forgotten(
    watched: Watched, figure: Callable[[str], None]
) -> None:
    until = datetime.now(UTC)
    watched.emeter.wait_until(lambda: _is_settled(watched.emeter, until), 20, "the end of all claims so far")
    problems = []
    for probe in watched.probes:
        ledger = read_ledger(watched.emeter.database, probe)
        problems += account_for_slots(ledger, until)
        if path := watched.paths.get(probe):
            arrivals = [at for at, asked in list(watched.site.arrivals) if asked == path]
            problems += explain_arrivals(ledger, arrivals, until)
            problems += _failures(ledger)
    ended = "SELECT (SELECT count(*) FROM results), (SELECT count(*) FROM gaps)"
    figure("after all kills: {} results, {} gaps".format(*watched.emeter.rows(ended)[0]))
    assert problems == []


def _failures(ledger: Ledger) -> list[str]:
    found = [(slot, reason) for slot, (_, _, reason) in ledger.results.items() if reason]
    return [f"{slot} of a healthy probe was found {reason.slug}" for slot, reason in found]


def _kill_and_wait(emeter: Emeter, name: str) -> float:
    """Kill a process; returns after how many seconds all monitors had a result that proves its work."""
    pid = emeter.wait_until(lambda: emeter.processes().get(name), BACK_WITHIN, f"{name} to kill")
    killed_at, begin = datetime.now(UTC).timestamp(), time.monotonic()
    os.kill(pid, SIGKILL)
    emeter.wait_until(lambda: emeter.processes().get(name, pid) != pid, 2 * BACK_WITHIN, f"another {name}")
    fresh = "SELECT bool_and(last_slot > to_timestamp(:then)) FROM probes"
    emeter.wait_until(
        lambda: emeter.rows(fresh, then=killed_at + AHEAD) == [(True,)],
        3 * BACK_WITHIN,
        "fresh results of all",
    )
    return time.monotonic() - begin


def _is_settled(emeter: Emeter, until: datetime) -> bool:
    under_way = "(SELECT count(*) FROM claims WHERE slot <= :until)"
    ahead = "(SELECT min(next_slot) FROM probes) > :until"
    return emeter.rows(f"SELECT {under_way}, {ahead}", until=until) == [(0, True)]
