"""The audit hook: whatever library connects, the guard judges and the deadline holds."""

import http.client
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from emeter_checker.delivery.errand import Blocked, Overdue, errand
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard


def drip(connection: socket.socket, over: threading.Event) -> None:
    """A byte now and then: every read is quick, and there is no end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not over.wait(0.05):
        connection.sendall(b"x")


def test_no_library_reaches_what_the_guard_forbids(receive, strict) -> None:
    receiver = receive("204 No Content")
    with errand(5, strict):
        with pytest.raises(Blocked, match="loopback"):
            socket.create_connection(("127.0.0.1", receiver.port))
        with pytest.raises(Blocked, match="loopback"):
            http.client.HTTPConnection("127.0.0.1", receiver.port).request("GET", "/")
        with pytest.raises(Blocked, match="loopback"):
            urllib.request.urlopen(receiver.url)
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"],
)
def test_the_guard_judges_what_is_dialled(address: str, strict) -> None:
    with errand(5, strict), socket.socket() as dialled, pytest.raises(Blocked):
        dialled.connect((address, 9))


@pytest.mark.parametrize(
    "address", ["::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "fe80::1"]
)
def test_an_ipv4_address_inside_an_ipv6_one_is_seen(address: str, strict) -> None:
    with errand(5, strict), socket.socket(socket.AF_INET6) as dialled, pytest.raises(Blocked):
        dialled.connect((address, 9))


def test_our_own_servers_are_blocked_though_their_network_is_open(receive) -> None:
    receiver = receive("204 No Content")
    guard = AddressGuard(LOCAL_NETWORKS, own=[f"redis://127.0.0.1:{receiver.port}"])
    with errand(5, guard), pytest.raises(Blocked, match="our own server"):
        socket.create_connection(("127.0.0.1", receiver.port))
    assert receiver.connections == 0


def test_connect_ex_is_no_way_round(strict) -> None:
    with errand(5, strict), socket.socket() as dialled, pytest.raises(Blocked):
        dialled.connect_ex(("127.0.0.1", 9))


def test_a_name_in_place_of_an_address_is_blocked(guard) -> None:
    with errand(5, guard), socket.socket() as dialled, pytest.raises(Blocked):
        dialled.connect(("localhost", 9))


def test_a_unix_socket_is_blocked(guard, tmp_path) -> None:
    with errand(5, guard), socket.socket(socket.AF_UNIX) as dialled, pytest.raises(Blocked):
        dialled.connect(str(tmp_path / "s"))


def test_other_threads_and_later_connects_are_not_concerned(receive, strict) -> None:
    receiver = receive("204 No Content")
    connected: list[bool] = []

    def connect() -> None:
        with socket.create_connection(("127.0.0.1", receiver.port)):
            connected.append(True)

    with errand(5, strict):
        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
    connect()
    assert connected == [True, True]


def test_an_error_inside_ends_the_errand(receive, strict) -> None:
    with pytest.raises(RuntimeError), errand(5, strict):
        raise RuntimeError
    socket.create_connection(("127.0.0.1", receive("204 No Content").port)).close()


def test_a_drip_is_cut_off_at_the_deadline(receive, guard) -> None:
    receiver = receive(drip)
    began = time.monotonic()
    with errand(0.5, guard) as trip, socket.create_connection(("127.0.0.1", receiver.port), 60) as drop:
        drop.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while drop.recv(1024):
            pass
    assert trip.is_cut
    assert 0.4 < time.monotonic() - began < 5


def test_nothing_is_dialled_after_the_deadline(receive, guard) -> None:
    receiver = receive("204 No Content")
    with errand(0.0, guard) as trip:
        while not trip.is_cut:
            time.sleep(0.01)
        with pytest.raises(Overdue):
            socket.create_connection(("127.0.0.1", receiver.port))
    assert receiver.connections == 0


def test_the_first_of_several_deadlines_counts(guard) -> None:
    with errand(60, guard) as trip:
        trip.cut_in(0.0)
        deadline = time.monotonic() + 10
        while not trip.is_cut and time.monotonic() < deadline:
            time.sleep(0.01)
        assert trip.is_cut


def test_an_errand_leaves_no_descriptor_open(receive, guard) -> None:
    receiver = receive("204 No Content")

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for _ in range(20):
        with errand(5, guard), socket.create_connection(("127.0.0.1", receiver.port)):
            pass
    # The receiver is in this process, too: its ends close a moment later.
    deadline = time.monotonic() + 10
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before


def test_the_hook_is_added_by_the_first_errand_alone() -> None:
    """A worker that only checks pays nothing for it."""
    script = """
import sys
added = []
add = sys.addaudithook
sys.addaudithook = lambda hook: (added.append(hook), add(hook))
import emeter_checker.delivery.webhook, emeter_checker.delivery.errand as e
assert added == []
for _ in range(3):
    with e.errand(1, None): pass
print(len(added))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_an_errand_costs_little() -> None:
    began = time.perf_counter()
    for _ in range(200):
        with errand(5, AddressGuard()):
            pass
    assert time.perf_counter() - began < 2
