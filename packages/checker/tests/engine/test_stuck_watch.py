"""Who is hung up on while a call of libcurl does not end, whatever socket the call is about."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pycurl
import pytest

from emeter_checker.engine.floods import StuckWatch
from emeter_checker.engine.transfers import Transfers

LONG = 10.0


class Flood:
    """A connection whose one end sends without end, and whose other end is read as fast as it comes."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.read = socket.create_connection(listener.getsockname())
            self._sent, _ = listener.accept()
        self.fd, self.port = self.read.fileno(), self.read.getsockname()[1]
        self.is_over = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for end in (self.read, self._sent):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LONG)
        self.read.close()
        self._sent.close()

    def _send(self) -> None:
        with suppress(OSError):
            while True:
                self._sent.sendall(bytes(9000))

    def _receive(self) -> None:
        with suppress(OSError):
            while self.read.recv(65536):
                pass
        self.is_over.set()


@pytest.fixture
def flood() -> Iterator[Flood]:
    made = Flood()
    yield made
    made.close()


@pytest.fixture
def calm() -> Iterator[socket.socket]:
    """A connection on which nothing comes."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as connection,
    ):
        yield connection


@pytest.fixture
def watched() -> set[int]:
    return set()


@pytest.fixture
def watch(watched: set[int]) -> Iterator[StuckWatch]:
    made = StuckWatch(watched)
    made.start()
    yield made
    made.close()


def test_whoever_floods_the_call_about_its_own_socket_is_cut_off(watch, watched, flood) -> None:
    watched.add(flood.fd)
    watch.enter(flood.fd)
    assert flood.is_over.wait(LONG)
    assert list(watch.cut) == [flood.port]


@pytest.mark.parametrize("is_about_another", [True, False])
def test_whoever_floods_a_call_about_another_socket_or_none_is_cut_off(
    watch, watched, flood, calm, *, is_about_another: bool
) -> None:
    watched |= {calm.fileno(), flood.fd}
    watch.enter(calm.fileno() if is_about_another else -1)
    assert flood.is_over.wait(LONG)
    assert list(watch.cut) == [flood.port]


def test_calls_that_end_cut_nobody_off(watched, flood) -> None:
    watched.add(flood.fd)
    watch = StuckWatch(watched)
    for _ in range(20):
        watch.enter(flood.fd)
        watch._look()
        time.sleep(0.05)
    assert (watch.cut, flood.is_over.is_set()) == ({}, False)


def test_a_connection_that_is_not_libcurls_is_left_alone(watched, flood, calm) -> None:
    watched.add(calm.fileno())
    watch = StuckWatch(watched)
    watch.enter(calm.fileno())
    for _ in range(20):
        watch._look()
        time.sleep(0.05)
    assert (watch.cut, flood.is_over.is_set()) == ({}, False)
    watch.call = None
    watch._look()


@pytest.mark.parametrize("call", ["ready", "tick", "_remove"])
def test_a_call_that_broke_is_over(call) -> None:
    with select.epoll() as epoll:
        transfers = Transfers(epoll)
        transfers.close()
        transfers.due_at = 0.0
        arguments = {"ready": (0, select.EPOLLIN), "tick": (1.0,), "_remove": (pycurl.Curl(),)}[call]
        with pytest.raises(pycurl.error):
            getattr(transfers, call)(*arguments)
        assert transfers._watch.call is None
