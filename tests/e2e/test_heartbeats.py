"""Heartbeats from end to end: a job pings, stops, and comes back."""

import urllib.request

from harness.emeter import Emeter
from harness.waiting import wait_until

# A minute is the shortest period there is: what was heard is made so much older instead.
_AGE = """
UPDATE heartbeats SET anchor = anchor - interval '10 minutes';
UPDATE heartbeat_watches SET since = since - interval '1 hour';
UPDATE probes p SET next_slot = next_slot - interval '10 minutes',
  last_slot = last_slot - interval '20 minutes' FROM heartbeats h WHERE h.monitor_id = p.monitor_id
"""


def test_a_job_that_stops_is_down_and_up_again_with_its_next_ping(emeter: Emeter) -> None:
    options = ("--name", "nightly", "--period", "1 min", "--grace", "1 min")
    public_id = emeter.run("monitor", "add", "--kind", "heartbeat", *options).stdout.strip()
    shown = emeter.run("monitor", "show", public_id).stdout
    url = next(line.split()[-1] for line in shown.splitlines() if line.startswith("ping URL:"))
    assert url.startswith(f"http://localhost:{emeter.port}/ping/")

    def condition() -> str:
        found = emeter.rows("SELECT condition FROM monitors WHERE name = 'nightly'")
        return str(found[0][0]) if found else ""

    assert condition() == "pending"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert (answer.status, answer.read()) == (200, b"OK")
    assert condition() == "up"
    wait_until(lambda: emeter.rows("SELECT 1 FROM heartbeat_watches"), 10, "a watch")
    with emeter.database.begin() as connection:
        connection.exec_driver_sql(_AGE)
    wait_until(lambda: condition() == "down", 15, "a heartbeat that is missing")
    (cause,) = emeter.rows("SELECT cause FROM incidents WHERE title = 'nightly'")
    assert cause[0] == "heartbeat_missing"
    with urllib.request.urlopen(f"{url}/0", timeout=10, data=b"12 files") as answer:
        assert answer.read() == b"OK"
    assert condition() == "up"
    assert url.rpartition("/")[2] not in emeter.said()
