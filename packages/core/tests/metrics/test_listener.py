"""The listener, by HTTP."""

import http.client
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from emeter_core.metrics import Address, MetricsSettings, Sample, families
from emeter_core.metrics.listener import Listener, tell_metrics
from emeter_core.metrics.settings import MOST_WORKERS, PORTS

TOKEN = "a token of the tests, long enough for all"
Start = Callable[..., Listener]


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def begin(token: str = "", host: str = "127.0.0.1") -> Listener:
        listener = Listener("worker", Address(host, 0), token, lambda: [Sample(families.IN_FLIGHT, 7)])
        listener.start()
        started.append(listener)
        return listener

    yield begin
    for listener in started:
        listener.stop()


def ask(
    address: Address, path: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    told = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return told


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_tells_the_metrics_of_its_process(start: Start, host: str) -> None:
    status, headers, text = ask(start(host=host).address)

    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert "emeter_checks_in_flight 7.0\n" in text
    assert 'process="worker"' in text


def test_there_is_nothing_else(start: Start) -> None:
    address = start().address

    assert ask(address, "/")[0] == 404
    assert ask(address, "/metrics/x")[0] == 404
    assert ask(address, method="POST")[0] == 501


def test_a_page_whose_name_leads_here_learns_nothing(start: Start) -> None:
    status, _, text = ask(start().address, Host="rebound.example.com:9460")

    assert status == 404
    assert "emeter_" not in text


def test_others_bring_the_token(start: Start) -> None:
    address = start(TOKEN).address
    elsewhere = {"Host": "emeter.example.com"}

    status, headers, _ = ask(address, **elsewhere)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert ask(address, **elsewhere, Authorization="Bearer wrong")[0] == 401
    assert ask(address, **elsewhere, Authorization=f"Bearer {TOKEN}")[0] == 200


def test_whoever_says_nothing_keeps_nobody_else_waiting(start: Start) -> None:
    address = start().address
    silent = [socket.create_connection(address) for _ in range(5)]

    assert ask(address)[0] == 200
    for each in silent:
        each.close()


def test_a_port_that_is_taken_makes_it_take_the_next(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told_at = tell_metrics("worker", MetricsSettings(port=port), list, first=0)

    assert told_at is not None
    assert port < told_at.port < port + PORTS
    assert caplog.records[0].fields == {"url": f"http://{told_at}/metrics"}  # type: ignore[attr-defined]
    assert ask(told_at)[0] == 200


def test_each_process_has_a_port_of_its_own_by_habit() -> None:
    ports = [address.port for address in MetricsSettings(port=9460).addresses(first=2)]

    assert ports[:2] == [9462, 9463]
    assert sorted(ports) == list(range(9460, 9460 + PORTS))


def test_the_port_of_the_pages_is_left_to_them() -> None:
    ports = [address.port for address in MetricsSettings(port=9460, pages=9462).addresses(first=2)]

    assert ports[0] == 9463
    assert len(ports) == PORTS - 1


# The most processes that one machine runs, all at once, the ports of some being taken.
_CROWD = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
from emeter_core.metrics import MetricsSettings
from emeter_core.metrics.listener import tell_metrics
from emeter_core.metrics.settings import MOST_WORKERS

base = int(sys.argv[1])
taken = [socket.create_server(("127.0.0.1", base + place)) for place in (2, 40)]
settings = MetricsSettings(port=base, pages=base + 7)
places = [0, 1] + [2] * MOST_WORKERS
with ThreadPoolExecutor(len(places)) as pool:
    found = list(pool.map(lambda place: tell_metrics("x", settings, list, first=place), places))
assert None not in found, found
print(len({address.port for address in found} - {base + 7}))
"""


def free_ports(count: int) -> int:
    """The first of so many ports of which nobody has one."""
    for base in range(21_000, 30_000, count):
        with ExitStack() as held, suppress(OSError):
            for port in range(base, base + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return base
    raise AssertionError("there is no room")


def test_the_most_workers_with_a_scheduler_and_a_sender_all_tell_theirs() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _CROWD, str(free_ports(PORTS))], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stderr) == (0, "")
    assert int(told.stdout) == MOST_WORKERS + 2


def test_where_metrics_are_off_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    assert tell_metrics("worker", MetricsSettings(port=0), list, first=2) is None
    assert caplog.records == []


def test_where_no_port_is_free_the_log_says_so_and_nobody_stops(caplog: pytest.LogCaptureFixture) -> None:
    assert tell_metrics("worker", MetricsSettings("192.0.2.1", 9460), list, first=0) is None
    assert "no port is free" in caplog.text


def test_an_address_is_written_as_in_a_url() -> None:
    assert json.dumps(Address("::1", 1)._asdict()) == '{"host": "::1", "port": 1}'
    assert (str(Address("::1", 9460)), str(Address("a.example", 1))) == ("[::1]:9460", "a.example:1")
