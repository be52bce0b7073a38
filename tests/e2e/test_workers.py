"""Several workers: each slot is checked by one of them, and when one dies the others go on."""

import os
import signal
import subprocess
from collections.abc import Callable

from harness.emeter import Emeter
from harness.targets import Targets

WORKERS = "SELECT pid FROM processes WHERE name = 'worker' AND seen_at > now() - interval '12 s' ORDER BY pid"


def test_two_share_the_checks_and_one_goes_on_alone(
    new_emeter: Callable[..., Emeter], targets: Targets
) -> None:
    emeter = new_emeter(EMETER_WORKERS="2").start().register()
    site = targets.serve()
    emeter.add_monitors(
        [{"target": site.url(), "name": f"site {n}", "interval": 5, "timeout": 2} for n in range(20)]
    )
    emeter.wait_until(lambda: len(emeter.rows(WORKERS)) == 2, 20, "two workers")
    doubles = "SELECT count(*) - count(DISTINCT (probe_id, slot)) FROM results"
    emeter.wait_until(lambda: emeter.rows("SELECT count(*) FROM results")[0][0] >= 60, 40, "results of both")

    (first,), _ = emeter.rows(WORKERS)
    os.kill(first, signal.SIGKILL)
    killed_at = emeter.rows("SELECT now()")[0][0]
    checked = "SELECT count(DISTINCT probe_id) FROM results WHERE slot > :killed_at"
    emeter.wait_until(lambda: emeter.rows(checked, killed_at=killed_at) == [(20,)], 30, "all checked again")
    emeter.wait_until(lambda: len(set(emeter.rows(WORKERS)) - {(first,)}) == 2, 20, "two workers again")
    assert emeter.rows(doubles) == [(0,)]
    emeter.stop()


def test_one_that_is_started_beside_up_checks_what_up_would(emeter: Emeter, targets: Targets) -> None:
    """This machine is a target for `emeter up` on loopback; nobody has told the other worker so."""
    environment = emeter.environment.copy()
    environment.pop("EMETER_PRIVATE_TARGETS", None)
    beside = subprocess.Popen([*emeter.command, "worker", "--processes", "1"], env=environment, cwd="/")
    try:
        emeter.wait_until(lambda: len(emeter.rows(WORKERS)) == 2, 20, "another worker")
        site = targets.serve()
        emeter.add_monitors(
            [{"target": site.url(), "name": f"site {n}", "interval": 5, "timeout": 2} for n in range(20)]
        )
        checked_by = "SELECT count(DISTINCT taken_by) FROM claims WHERE taken_by IS NOT NULL"
        emeter.wait_until(lambda: emeter.rows(checked_by) == [(2,)], 20, "both have taken some")
        emeter.wait_until(lambda: emeter.rows("SELECT count(*) FROM results")[0][0] >= 40, 30, "results")
        conditions = "SELECT DISTINCT condition FROM status_changes WHERE condition <> 'pending'"
        assert emeter.rows(conditions) == [("up",)]
    finally:
        beside.terminate()
        assert beside.wait(20) == 0
