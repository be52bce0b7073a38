import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from emeter_core.supervisor.runtime import StopSignal


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_it_and_wakes_who_waits(number: signal.Signals) -> None:
    stop = StopSignal.install()
    assert not stop.is_set()
    assert not stop.wait(0)

    os.kill(os.getpid(), number)

    assert stop.wait(10)
    assert stop.is_set()


def test_it_can_be_set_from_within() -> None:
    stop = StopSignal()

    stop.set()

    assert stop.wait()


def test_a_signal_may_come_at_any_instant_of_waiting_and_asking() -> None:
    # A lock that the interrupted code holds would never come free for the handler.
    code = (
        "import os, signal, subprocess, sys, time\n"
        "from emeter_core.supervisor.runtime import StopSignal\n"
        "StopSignal.install()\n"
        "shoot = 'import os\\nwhile True: os.kill(%d, 15)' % os.getpid()\n"
        "shooter = subprocess.Popen([sys.executable, '-c', shoot])\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end:\n"
        "    stop = StopSignal.install()\n"
        "    while not stop.wait(0.0001) and not stop.is_set(): pass\n"
        "    stop.set()\n"
        "shooter.kill(); shooter.wait(); print('ended')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20
    )

    assert done.stdout == "ended\n"
