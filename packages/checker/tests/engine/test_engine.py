"""The loop: on time, in order, and not to be killed."""

import resource
import socket
import threading
import time
from queue import SimpleQueue
from typing import Never

import pytest

from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.engine import engine as engine_module
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.kinds.http.check import HttpCheck
from emeter_checker.kinds.http.handles import Handle
from emeter_core.checks.spec import CheckSpec
from emeter_core.outcome import Reason


def test_checks_start_at_their_instant(checker, serve, spec, monotonic) -> None:
    url = f"http://127.0.0.1:{serve().port}/"
    begin = monotonic() + 0.1
    instants = [begin + number * 0.02 for number in range(20)]
    for at in reversed(instants):
        checker.submit(spec(url), at=at)
    ends = sorted(checker.wait(20), key=lambda end: end.started_at)
    late = [end.started_at - at for end, at in zip(ends, instants, strict=True)]
    assert min(late) >= 0
    assert sorted(late)[10] < 0.02


def test_the_ticket_comes_back_untouched(serve, spec) -> None:
    ends: SimpleQueue[Finished] = SimpleQueue()
    engine = Engine(AddressGuard(LOCAL_NETWORKS), ends.put)
    engine.start()
    ticket = object()
    engine.submit([Scheduled(spec(f"http://127.0.0.1:{serve().port}/"), 0.0, ticket)])
    end = ends.get(timeout=10)
    engine.stop(0)
    assert end.ticket is ticket
    assert end.ended_at >= end.started_at


def test_stop_waits_for_what_is_in_flight_and_returns_the_rest(make_checker, serve, spec, monotonic) -> None:
    asked, go = threading.Event(), threading.Event()

    def later(connection, _) -> None:
        asked.set()
        go.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    checker = make_checker()
    url = f"http://127.0.0.1:{serve(later).port}/"
    checker.submit(spec(url))
    checker.submit(spec("http://127.0.0.1:1/later"), at=monotonic() + 60)
    assert asked.wait(10)
    assert checker.engine.in_flight == 1
    left = []
    stopping = threading.Thread(target=lambda: left.extend(checker.engine.stop(10)))
    stopping.start()
    go.set()
    stopping.join()
    assert checker.wait(1)[0].outcome.reason is Reason.OK
    assert [scheduled.ticket for scheduled in left] == ["http://127.0.0.1:1/later"]
    assert checker.engine.in_flight == 0
    with pytest.raises(RuntimeError):
        checker.submit(spec(url))


def test_stop_gives_up_what_outlasts_the_drain(make_checker, serve, spec) -> None:
    asked = threading.Event()

    def never(connection, _) -> None:
        asked.set()
        connection.recv(1)

    checker = make_checker()
    checker.submit(spec(f"http://127.0.0.1:{serve(never).port}/", timeout=30))
    assert asked.wait(10)
    assert checker.engine.stop(0.05) == []
    assert checker.wait(1)[0].outcome.reason is Reason.NOT_CHECKED


def test_an_engine_that_never_started_gives_all_back(spec) -> None:
    engine = Engine(AddressGuard(), lambda _: None)
    engine.submit([Scheduled(spec("http://127.0.0.1/"), 0.0, 7)])
    assert [scheduled.ticket for scheduled in engine.stop(0)] == [7]


def test_what_never_started_is_handed_back_while_the_rest_goes_on(spec, serve) -> None:
    ends: SimpleQueue[Finished] = SimpleQueue()
    engine = Engine(AddressGuard(LOCAL_NETWORKS), ends.put)
    engine.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        engine.submit([Scheduled(spec(url, timeout=20), 0.0, "begun")])
        connection, _ = listener.accept()
        with connection:
            engine.submit([Scheduled(spec(url), time.monotonic() + 3600, "waits")])
            assert [scheduled.ticket for scheduled in engine.take_no_more()] == ["waits"]
            with pytest.raises(RuntimeError, match="stopped"):
                engine.submit([Scheduled(spec(url), 0.0, "comes late")])
            assert engine.in_flight == 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            end = ends.get(timeout=10)
    assert (end.ticket, end.outcome.reason) == ("begun", Reason.OK)
    assert [scheduled.ticket for scheduled in engine.stop(10)] == ["waits"]


def test_it_is_full_where_all_that_it_was_given_would_take_its_descriptors(spec, monkeypatch) -> None:
    monkeypatch.setattr(engine_module, "raise_descriptor_limit", lambda: 104)
    engine = Engine(AddressGuard(), lambda _: None)
    engine.start()
    far = time.monotonic() + 3600
    # One more waits always: the look for checks that libcurl did not end.
    engine.submit([Scheduled(spec("http://127.0.0.1/"), far, number) for number in range(2)])
    assert engine.room == 1
    engine.submit([Scheduled(spec("http://127.0.0.1/"), far, 2)])
    # On its way from one list to the next a check is in neither.
    until = time.monotonic() + 10
    while engine.room and time.monotonic() < until:
        time.sleep(0.01)
    assert engine.room == 0
    assert len(engine.stop(0)) == 3


def test_starts_that_lie_close_together_are_gathered_and_others_are_not_kept_waiting(spec) -> None:
    gaps = {0.0005: (0.0019, 0.0021), 1.0: (0.9, 1.0)}
    for gap, (least, most) in gaps.items():
        engine = Engine(AddressGuard(), lambda _: None)
        engine._timers.at(time.monotonic() + gap, engine._begin, None)
        now = time.monotonic()
        assert least <= engine._sleeps_until(now) - now <= most
        engine.stop(0)


@pytest.mark.parametrize("broken", ["start", "transferred", "_vet"])
def test_a_bug_in_one_check_costs_that_check_alone(checker, serve, monkeypatch, broken, caplog) -> None:
    url = f"http://127.0.0.1:{serve().port}/"
    real = getattr(HttpCheck, broken)

    def break_once(self, *args: object) -> Never:
        monkeypatch.setattr(HttpCheck, broken, real)
        raise ZeroDivisionError

    monkeypatch.setattr(HttpCheck, broken, break_once)
    assert checker.check(url).reason is Reason.NOT_CHECKED
    assert checker.check(url).reason is Reason.OK
    assert checker.engine.in_flight == 0
    assert "broke" in caplog.text


def test_a_receiver_that_raises_does_not_end_the_engine(serve, spec) -> None:
    ends: SimpleQueue[Finished] = SimpleQueue()

    def receive(end) -> Never:
        ends.put(end)
        raise ZeroDivisionError

    engine = Engine(AddressGuard(LOCAL_NETWORKS), receive)
    engine.start()
    for _ in range(2):
        engine.submit([Scheduled(spec(f"http://127.0.0.1:{serve().port}/"), 0.0, None)])
        assert ends.get(timeout=10).outcome.reason is Reason.OK
    engine.stop(0)


def test_an_unknown_kind_is_not_checked(checker, spec) -> None:
    good = spec("http://127.0.0.1/")
    checker.submit(CheckSpec(0, 1, "carrier-pigeon", good.target, 1.0, good.settings))
    assert checker.wait(1)[0].outcome.reason is Reason.NOT_CHECKED


@pytest.mark.parametrize(
    "target", ["http://user:pass@127.0.0.1/", "http://127.0.0.1:0/", "nonsense", "ftp://a/", ""]
)
def test_a_target_that_makes_no_sense_ends_at_once(checker, target) -> None:
    assert checker.check(target).reason in {Reason.NOT_CHECKED, Reason.SCHEME_BLOCKED}


def test_an_edit_counts_at_once(checker, serve, spec) -> None:
    site = serve()
    old, new = (
        spec(f"http://127.0.0.1:{site.port}/old", number=7),
        spec(f"http://127.0.0.1:{site.port}/new", number=7),
    )
    checker.finish(old)
    checker.finish(CheckSpec(7, 2, new.kind, new.target, 5.0, new.settings))
    assert [request.split()[1] for request in site.requests] == [b"/old", b"/new"]


def test_more_than_1024_descriptors(make_checker, spec, serve) -> None:
    checker = make_checker()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 4000:
        pytest.skip("the hard limit of this machine is too low")
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        checker.submit(*[spec(url, timeout=20) for _ in range(1300)])
        taken = [listener.accept()[0] for _ in range(1300)]
        assert checker.engine.in_flight == 1300
        for connection in taken:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        reasons = {end.outcome.reason for end in checker.wait(1300)}
        for connection in taken:
            connection.close()
    assert reasons == {Reason.OK}


def test_what_is_too_late_is_not_begun(spec, serve) -> None:
    ends: SimpleQueue[Finished] = SimpleQueue()
    engine = Engine(AddressGuard(LOCAL_NETWORKS), ends.put)
    engine.start()
    now, target = time.monotonic(), spec(f"http://127.0.0.1:{serve().port}/")
    engine.submit([Scheduled(target, now - 2, "too late", start_by=now - 1)])
    engine.submit([Scheduled(target, now - 2, "late", start_by=now + 60)])
    assert ends.get(timeout=10).ticket == "late"
    assert engine.stop(5) == []
    assert (engine.too_late, ends.empty()) == (1, True)


def test_while_it_is_late_there_is_room_for_no_more(spec) -> None:
    working, may_go_on = threading.Event(), threading.Event()

    def work(_: object) -> None:
        working.set()
        may_go_on.wait(20)

    engine = Engine(AddressGuard(), work)
    engine.start()
    assert engine.room > 100
    engine.submit([Scheduled(spec("http://192.0.2.1/"), 0.0, number) for number in range(2)])
    assert working.wait(10)
    assert engine.room == 0
    may_go_on.set()
    engine.stop(5)


def test_timeouts_while_it_had_no_time_are_not_checked(spec) -> None:
    ends: SimpleQueue[Finished] = SimpleQueue()

    def slowly(finished: Finished) -> None:
        ends.put(finished)
        time.sleep(0.1)

    engine = Engine(AddressGuard(LOCAL_NETWORKS), slowly)
    engine.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        engine.submit([Scheduled(spec(url, timeout=1), 0.0, "hangs")])
        engine.submit([Scheduled(spec("http://10.0.0.1:70000/"), 0.0, "keeps it busy") for _ in range(30)])
        outcomes = {each.ticket: each.outcome for each in (ends.get(timeout=20) for _ in range(31))}
    assert outcomes["hangs"].reason is Reason.NOT_CHECKED
    assert outcomes["hangs"].evidence["error"] == "this machine was too busy to take notice of an answer"
    engine.stop(5)


def test_a_timeout_that_libcurl_forgets_is_a_timeout(checker, serve, monkeypatch) -> None:
    real = Handle.aim
    monkeypatch.setattr(Handle, "aim", lambda handle, request, at, _: real(handle, request, at, 20_000))
    site = serve(lambda connection, _: connection.recv(1))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", timeout=0.2)
    assert outcome.reason is Reason.TIMEOUT
