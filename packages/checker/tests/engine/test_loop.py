"""The loop beside the engine: all that holds for the checks of libcurl holds for those of the loop."""

import asyncio
import math
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Never

import pytest

from emeter_checker.kinds.looped import LoopedCheck
from emeter_checker.kinds.ping.pinger import Pinger
from emeter_checker.kinds.stopwatch import Stopwatch
from emeter_checker.kinds.tcp.probe import TcpProbe
from emeter_checker.kinds.verdict import LOOP_STUCK, TOO_BUSY
from emeter_checker.loop import Loop
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_core.outcome import Outcome, Reason


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "engine-loop"]


def stay(connection: socket.socket) -> None:
    connection.recv(1)


def echo(connection: socket.socket) -> None:
    connection.sendall(connection.recv(4096))


@pytest.fixture
def handed_over(spec) -> Iterator[Callable[[float], float]]:
    """Hand a check that began then to a loop that does not come to it: since when it waits."""
    may_go = threading.Event()
    with select.epoll() as epoll:
        loop = Loop(epoll)

        async def stuck() -> Outcome:
            busy.set()
            may_go.wait(20)
            return Outcome(Reason.OK)

        async def quick() -> Outcome:
            return Outcome(Reason.OK)

        def check(began: float) -> LoopedCheck:
            made = LoopedCheck(None, spec("tcp://127.0.0.1:1"), None)
            made.started_at, made.on_end = began, lambda *_: None
            return made

        busy = threading.Event()
        loop.run(stuck, check(0.0))
        assert busy.wait(10)
        assert loop.oldest == math.inf

        def hand_over(began: float) -> float:
            loop.run(quick, check(began))
            return loop.oldest

        yield hand_over
        may_go.set()
        loop.close()


@pytest.fixture
def hold_up(monkeypatch) -> Callable[[type, str], None]:
    """Have the loop be about something else for half a second, the next time it does this."""

    def arrange(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def slowly(self, *arguments: object) -> object:
            monkeypatch.setattr(owner, name, real)
            done = real(self, *arguments)
            time.sleep(0.55)
            return done

        monkeypatch.setattr(owner, name, slowly)

    return arrange


def test_its_thread_is_there_from_the_first_check_to_the_end_of_the_engine(
    make_checker, serve, listen
) -> None:
    before = len(threads())
    checker = make_checker()
    assert checker.check(f"http://127.0.0.1:{serve().port}/").reason is Reason.OK
    assert len(threads()) == before
    for _ in range(2):
        assert checker.check(f"tcp://127.0.0.1:{listen(stay).port}").reason is Reason.OK
        assert len(threads()) == before + 1
    checker.engine.stop(0)
    assert len(threads()) == before


def test_checks_start_at_their_instant(checker, listen, spec, monotonic) -> None:
    target = f"tcp://127.0.0.1:{listen(stay).port}"
    checker.check(target)
    begin = monotonic() + 0.1
    instants = [begin + number * 0.02 for number in range(20)]
    for at in reversed(instants):
        checker.submit(spec(target), at=at)
    ends = sorted(checker.wait(20), key=lambda end: end.started_at)
    late = [end.started_at - at for end, at in zip(ends, instants, strict=True)]
    assert min(late) >= 0
    assert sorted(late)[10] < 0.02


def test_a_thousand_at_once_are_in_flight_and_all_end(make_checker, spec) -> None:
    checker = make_checker()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        target = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        checker.submit(*[spec(target, timeout=20, expect="go") for _ in range(1000)])
        taken = [listener.accept()[0] for _ in range(1000)]
        assert checker.engine.in_flight == 1000
        for connection in taken:
            connection.sendall(b"go")
        reasons = {end.outcome.reason for end in checker.wait(1000)}
        for connection in taken:
            connection.close()
    assert reasons == {Reason.OK}
    assert checker.engine.in_flight == 0


def test_stop_waits_for_what_is_in_flight(make_checker, listen, spec) -> None:
    asked, go = threading.Event(), threading.Event()

    def later(connection) -> None:
        asked.set()
        go.wait(10)
        connection.sendall(b"ready")

    checker = make_checker()
    checker.submit(spec(f"tcp://127.0.0.1:{listen(later).port}", expect="ready"))
    assert asked.wait(10)
    stopping = threading.Thread(target=lambda: checker.engine.stop(10))
    stopping.start()
    go.set()
    stopping.join()
    assert checker.wait(1)[0].outcome.reason is Reason.OK


def test_stop_gives_up_what_outlasts_the_drain(make_checker, listen, spec) -> None:
    asked, left = threading.Event(), threading.Event()

    def never(connection) -> None:
        asked.set()
        connection.recv(1)
        left.set()

    checker = make_checker()
    checker.submit(spec(f"tcp://127.0.0.1:{listen(never).port}", expect="ready", timeout=30))
    assert asked.wait(10)
    assert checker.engine.stop(0.05) == []
    assert checker.wait(1)[0].outcome.reason is Reason.NOT_CHECKED
    assert left.wait(10), "the connection was left open"


def test_a_bug_in_one_check_costs_that_check_alone(checker, listen, monkeypatch, caplog) -> None:
    target = f"tcp://127.0.0.1:{listen(stay).port}"

    async def broken(self, _errand) -> Never:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(TcpProbe, "work", broken)
        outcome = checker.check(target)
    assert (outcome.reason, outcome.evidence) == (Reason.NOT_CHECKED, {"error": "ZeroDivisionError"})
    assert "broke" in caplog.text
    assert checker.check(target).reason is Reason.OK
    assert checker.engine.in_flight == 0


def test_a_loop_that_is_stuck_is_no_failure_of_the_target(make_checker, listen, spec, monkeypatch) -> None:
    target = f"tcp://127.0.0.1:{listen(stay).port}"
    checker = make_checker()
    go = threading.Event()

    async def stuck(self, _errand) -> Outcome:
        await asyncio.sleep(0)
        go.wait(10)
        return Outcome(Reason.CONNECT_TIMEOUT)

    with monkeypatch.context() as patch:
        patch.setattr(TcpProbe, "work", stuck)
        outcome = checker.check(target, timeout=0.1)
        assert checker.engine.room > 0
        checker.submit(spec(target, timeout=20))
        until = time.monotonic() + 10
        while checker.engine.room and time.monotonic() < until:
            time.sleep(0.05)
        assert checker.engine.room == 0
    go.set()
    assert checker.wait(1)[0].outcome.reason is Reason.CONNECT_TIMEOUT
    assert outcome.reason is Reason.NOT_CHECKED
    assert "the loop did not keep the time" in outcome.evidence["error"]
    # What it says of the first one comes too late, and is said to nobody.
    assert checker.check(target).reason is Reason.OK
    assert checker.engine.in_flight == 0


def test_work_ends_at_its_deadline(checker, listen) -> None:
    begin = time.monotonic()
    outcome = checker.check(f"tcp://127.0.0.1:{listen(stay).port}", expect="never", timeout=0.2)
    assert outcome.reason is Reason.TIMEOUT
    assert 0.19 < time.monotonic() - begin < 1.0


@pytest.mark.parametrize("kind", ["tcp", "ping"])
def test_the_settings_of_another_kind_are_not_checked(checker, kind) -> None:
    checker.submit(CheckSpec(0, 1, kind, f"{kind}://127.0.0.1:1", 1.0, HttpSettings()))
    assert checker.wait(1)[0].outcome.reason is Reason.NOT_CHECKED


def test_what_was_handed_over_just_now_waits_since_just_now(handed_over) -> None:
    """However long ago its check began: a look-up may take seconds."""
    before = time.monotonic()
    assert before <= handed_over(before - 60) <= time.monotonic()


def test_a_loop_that_looks_late_blames_no_port(checker, listen, hold_up) -> None:
    target = f"tcp://127.0.0.1:{listen(echo).port}"
    assert checker.check(target, send="hello", expect="hello").reason is Reason.OK
    hold_up(Stopwatch, "enter")
    before = checker.engine.effort.excused
    outcome = checker.check(target, timeout=0.4, send="hello", expect="hello")
    assert outcome.reason is Reason.NOT_CHECKED
    assert outcome.evidence["error"] in {TOO_BUSY, LOOP_STUCK}
    assert checker.engine.effort.excused == before + 1


def test_a_loop_that_looks_late_loses_no_packets(checker, hold_up) -> None:
    outcome = checker.check("ping://127.0.0.1", packets=3)
    if outcome.reason is not Reason.OK:
        pytest.skip(f"this machine lets us send no ping: {outcome.reason}")
    hold_up(Pinger, "send")
    outcome = checker.check("ping://127.0.0.1", timeout=0.4, packets=3)
    assert outcome.reason is Reason.NOT_CHECKED
    assert outcome.evidence["error"] in {TOO_BUSY, LOOP_STUCK}
