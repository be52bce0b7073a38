"""A process that did not run for a while, and what it says of those who answered meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from emeter_core.outcome import Reason

TIMEOUT = 1.0
EACH = 3

# Checks what it is told to, says what it found, and stays to be asked for more.
CHILD = f"""
import json, queue, sys
from emeter_checker.engine import Engine, Scheduled
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS, kind_of

def spec(target):
    kind = kind_of(target)
    fields = {{"send": "x", "expect": "200"}} if kind == "tcp" else {{}}
    return CheckSpec(1, 1, kind, target, {TIMEOUT}, KINDS[kind].settings(**fields))

ends = queue.SimpleQueue()
engine = Engine(AddressGuard(LOCAL_NETWORKS), ends.put)
engine.start()
targets = json.loads(sys.argv[1])
engine.submit([Scheduled(spec(target), 0.0, target) for target in targets])
found = [ends.get() for _ in targets]
print(json.dumps([[end.kind, end.outcome.reason.slug, engine.effort.excused] for end in found]))
engine.stop(0)
"""


@pytest.fixture
def found_by(listen) -> Callable[..., list[tuple[str, str, int]]]:
    """Check a server from a process that is stopped, for so many seconds, as soon as all have asked."""

    def find(frozen: float, *, answers: bool) -> list[tuple[str, str, int]]:
        asked = threading.Semaphore(0)
        may_answer, may_go = threading.Event(), threading.Event()

        def talk(connection: socket.socket) -> None:
            connection.recv(4096)
            asked.release()
            may_answer.wait(20)
            if answers:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            may_go.wait(20)

        address = f"127.0.0.1:{listen(talk).port}"
        targets = [f"{kind}://{address}" for kind in ("http", "tcp") for _ in range(EACH)]
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps(targets)], stdout=subprocess.PIPE, text=True
        ) as child:
            for _ in targets:
                assert asked.acquire(timeout=20)
            if frozen:
                child.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, child.pid, os.WSTOPPED)
            may_answer.set()
            time.sleep(frozen)
            child.send_signal(signal.SIGCONT)
            said, _ = child.communicate(timeout=20)
        may_go.set()
        return [(kind, reason, excused) for kind, reason, excused in json.loads(said)]

    return find


@pytest.mark.parametrize("frozen", [TIMEOUT + 0.1, TIMEOUT + 1])
def test_who_answered_while_the_process_was_stopped_is_not_down(found_by, frozen: float) -> None:
    found = found_by(frozen, answers=True)
    assert [reason for _, reason, _ in found] == [Reason.NOT_CHECKED.slug] * 2 * EACH
    assert found[-1][2] == 2 * EACH


@pytest.mark.parametrize("frozen", [0.0, TIMEOUT / 4])
def test_who_answers_in_time_is_up_though_the_process_was_stopped_for_a_moment(found_by, frozen) -> None:
    assert {reason for _, reason, _ in found_by(frozen, answers=True)} == {Reason.OK.slug}


@pytest.mark.parametrize("frozen", [0.0, TIMEOUT / 4])
def test_who_does_not_answer_a_process_that_looks_is_down(found_by, frozen) -> None:
    found = found_by(frozen, answers=False)
    assert [(reason, excused) for _, reason, excused in found] == [(Reason.TIMEOUT.slug, 0)] * 2 * EACH
