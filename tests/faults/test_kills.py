"""Any process may be killed: it is back within 15 s, nothing false is told, no slot or alert is lost."""

import os
import time
from collections.abc import Callable, Iterator
from signal import SIGKILL

import pytest
import redis
from harness.emeter import Emeter
from harness.site import Site
from harness.targets import Targets
from harness.watch import BACK_WITHIN, Watch, now, watch

from emeter_storage.servers import DataDirectory

HEALTHY, REFUSED, HANGING = 14, 3, 3
AHEAD = 2.0
"""Seconds by which slots are claimed before they fall due: later ones prove that all parts do their work."""

NAMES = ("scheduler", "worker", "sender", "postgres", "redis")
FRESH = "SELECT bool_and(last_slot > to_timestamp(:then)) FROM probes WHERE id = ANY (:probes)"


@pytest.fixture(scope="module")
def watched(emeter: Emeter, targets: Targets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Some at 5 s; incidents of those that are down or turn will open while the killing goes on."""
    site = Site(tmp_path_factory.mktemp("site") / "arrivals")
    yield watch(emeter, site, targets, healthy=HEALTHY, refused=REFUSED, hanging=HANGING)
    site.close()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_killed_is_back_within_15_seconds(
    watched: Watch, name: str, figure: Callable[[str], None]
) -> None:
    took = _kill_and_wait(watched, name)
    figure(f"{name} killed: all checked again after {took:.1f} s")
    assert took <= BACK_WITHIN


def test_a_flushed_redis_is_written_anew(watched: Watch, figure: Callable[[str], None]) -> None:
    begin, flushed_at = time.monotonic(), now().timestamp()
    with redis.Redis.from_url(DataDirectory(watched.emeter.data).redis_url) as client:
        client.flushall()
    took = _wait_for_fresh(watched, flushed_at, begin)
    figure(f"Redis flushed: all checked again after {took:.1f} s")
    assert took <= BACK_WITHIN


def test_no_verdict_was_false(watched: Watch) -> None:
    assert watched.false_verdicts() == []


def test_no_slot_is_checked_twice_or_forgotten_and_no_alert_is_lost(
    watched: Watch, figure: Callable[[str], None]
) -> None:
    until = now()
    watched.settle(until)
    account = watched.account(until)
    figure(
        f"after all kills: {account.results} results, {account.gaps} gaps of {account.missed} slots,"
        f" {account.alerts} alerts, {account.doubles} of them twice"
    )
    assert account.problems == []
    # Each of those that are down has told of itself by now.
    assert account.alerts >= REFUSED + HANGING


def _kill_and_wait(watched: Watch, name: str) -> float:
    """Kill a process; returns after how many seconds all were checked in a way that proves its work."""
    emeter = watched.emeter
    pid = emeter.wait_until(lambda: emeter.processes().get(name), BACK_WITHIN, f"{name} to kill")
    watched.troubles += 1
    killed_at, begin = now().timestamp(), time.monotonic()
    os.kill(pid, SIGKILL)
    emeter.wait_until(lambda: emeter.processes().get(name, pid) != pid, 2 * BACK_WITHIN, f"another {name}")
    return _wait_for_fresh(watched, killed_at, begin)


def _wait_for_fresh(watched: Watch, since: float, begin: float) -> float:
    """Those that hang are left out, as their checks take as long as one may."""
    values = {"then": since + AHEAD, "probes": list(watched.pages)}
    watched.emeter.wait_until(
        lambda: watched.emeter.rows(FRESH, **values) == [(True,)], 3 * BACK_WITHIN, "fresh results of all"
    )
    return time.monotonic() - begin
