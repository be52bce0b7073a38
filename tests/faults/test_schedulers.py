"""Three schedulers at once, one of them killed: no slot is checked twice, and none is forgotten."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from harness.emeter import Emeter
from harness.slots import account_for_slots, explain_arrivals, read_ledger
from harness.targets import Targets

INTERVAL, TIMEOUT = 5, 2
MONITORS = 60
RUNNING = "SELECT count(*) FROM processes WHERE name = 'scheduler' AND pid <> :but AND seen_at > :since"


@contextmanager
def another_scheduler(emeter: Emeter) -> Iterator[subprocess.Popen[bytes]]:
    """Run one more beside those of `emeter up`."""
    urls = {
        "DATABASE_URL": str(emeter.database.url.render_as_string(hide_password=False)),
        "REDIS_URL": f"unix://{emeter.run_directory}/redis.sock",
        "SECRET_KEY": (emeter.data / "secret_key").read_text().strip(),
    }
    with emeter.log.open("ab") as log:
        process = subprocess.Popen(
            [*emeter.command, "scheduler"], cwd="/", env=emeter.environment | urls, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("seconds", [10, pytest.param(600, marks=pytest.mark.soak)])
def test_three_at_once_check_no_slot_twice(
    emeter: Emeter, targets: Targets, figure: Callable[[str], None], seconds: int
) -> None:
    site = targets.serve()
    with ExitStack() as stack:
        doomed, _ = [stack.enter_context(another_scheduler(emeter)) for _ in range(2)]
        began = {"since": datetime.now(UTC) - timedelta(minutes=1), "but": 0}
        emeter.wait_until(lambda: emeter.rows(RUNNING, **began) == [(3,)], 20, "three schedulers")
        paths = [f"/{seconds}/{number}" for number in range(MONITORS)]
        drafts = [
            {"target": site.url(path), "name": path, "interval": INTERVAL, "timeout": TIMEOUT}
            for path in paths
        ]
        probes = dict(zip(emeter.add_monitors(drafts), paths, strict=True))
        time.sleep(seconds / 2)
        doomed.kill()
        time.sleep(seconds / 2)
        until = datetime.now(UTC)
        left = {"since": until, "but": doomed.pid}
        emeter.wait_until(lambda: emeter.rows(RUNNING, **left) == [(2,)], 12, "the two that are left")
    settled = "SELECT count(*), (SELECT min(next_slot) FROM probes) > :until FROM claims WHERE slot <= :until"
    emeter.wait_until(lambda: emeter.rows(settled, until=until) == [(0, True)], 20, "the end of all claims")
    results, gaps = 0, Counter[str]()
    problems = []
    for probe, path in probes.items():
        ledger = read_ledger(emeter.database, probe)
        results += len(ledger.results)
        for _, _, count, reason in ledger.gaps:
            gaps[reason] += count
        arrivals = [at for at, asked in list(site.arrivals) if asked == path]
        problems += account_for_slots(ledger, until) + explain_arrivals(ledger, arrivals, until)
    requests = sum(asked in paths for _, asked in list(site.arrivals))
    told = f"{requests} requests, {results} results, {dict(gaps)} not checked"
    figure(f"three schedulers for {seconds} s, one killed: {told}")
    assert problems == []
    # All are added at once, so of each the first slot may be put off. In an interval in which all schedulers
    # stood still each would miss one.
    assert gaps.pop("dropped", 0) <= MONITORS
    assert gaps.total() <= MONITORS / 4 + results / 200
    told_of = {condition for (condition,) in emeter.rows("SELECT condition FROM status_changes")}
    assert told_of == {"pending", "up"}
