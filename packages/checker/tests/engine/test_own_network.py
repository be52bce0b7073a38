"""Whether it was us, as far as loopback can tell; with links and routes it is in tests/faults."""

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from emeter_checker import link
from emeter_checker.engine.network import DOUBTFUL, network
from emeter_core.outcome import Condition, Reason


@pytest.fixture
def full() -> Iterator[str]:
    """A URL whose port's queue is full: further handshakes go unanswered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def anchor() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield "127.0.0.1", listener.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[str]:
    """A name server that takes every question and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_without_anchors_a_timeout_is_down(make_checker, full) -> None:
    assert make_checker().check(full, timeout=0.3).reason is Reason.CONNECT_TIMEOUT


def test_with_an_anchor_that_answers_it_is_down(make_checker, full, anchor, closed_port) -> None:
    checker = make_checker(anchors=[("127.0.0.1", closed_port), anchor])
    assert checker.check(full, timeout=0.3).reason is Reason.CONNECT_TIMEOUT
    assert checker.engine.network_trouble == ""


def test_with_none_that_does_it_is_no_data_and_says_what_was_found(make_checker, full, closed_port) -> None:
    checker = make_checker(anchors=[("127.0.0.1", closed_port)])
    outcome = checker.check(full, timeout=0.3)
    assert (outcome.reason, outcome.condition) == (Reason.NETWORK_UNAVAILABLE, Condition.NO_DATA)
    assert outcome.evidence["error"] == (
        "none of the anchors answers; the check found: No connection within the timeout"
    )
    assert outcome.evidence["url"] == full
    assert outcome.phases.connect > 250_000
    assert checker.engine.network_trouble == "none of the anchors answers"


def test_anchors_that_could_never_answer_are_told_of_at_once(
    make_checker, serve, closed_port, caplog
) -> None:
    checker = make_checker(anchors=[("127.0.0.1", closed_port)])
    assert checker.check(f"http://127.0.0.1:{serve().port}/").reason is Reason.OK
    assert checker.engine.network_trouble == "none of the anchors answers"
    assert caplog.text.count("Our own network is away.") == 1


def test_of_several_processes_of_an_installation_one_tells(
    make_checker, serve, closed_port, caplog, tmp_path
) -> None:
    url = f"http://127.0.0.1:{serve().port}/"
    for name in (f"{tmp_path}/1", f"{tmp_path}/1", f"{tmp_path}/2", "", ""):
        checker = make_checker(anchors=[("127.0.0.1", closed_port)], installation=name[-80:])
        assert checker.check(url).reason is Reason.OK
        assert checker.engine.network_trouble == "none of the anchors answers"
    assert caplog.text.count("Our own network is away.") == 4


def test_the_word_is_free_again_once_who_has_it_ends(
    make_checker, serve, closed_port, caplog, tmp_path
) -> None:
    url = f"http://127.0.0.1:{serve().port}/"
    for _ in range(2):
        checker = make_checker(anchors=[("127.0.0.1", closed_port)], installation=str(tmp_path)[-80:])
        assert checker.check(url).reason is Reason.OK
        checker.engine.stop(0)
    assert caplog.text.count("Our own network is away.") == 2


def test_an_anchor_by_name_is_looked_up(make_checker, full, anchor, dns) -> None:
    dns.names["anchor.test"] = ["127.0.0.1"]
    checker = make_checker(anchors=[("nowhere.test", 80), ("anchor.test", anchor[1])])
    assert checker.check(full, timeout=0.3).reason is Reason.CONNECT_TIMEOUT


def test_a_target_that_answers_is_believed_whatever_anchors_say(
    make_checker, serve, full, closed_port
) -> None:
    checker = make_checker(anchors=[("127.0.0.1", closed_port)])
    assert checker.check(full, timeout=0.3).condition is Condition.NO_DATA
    assert checker.check(f"http://127.0.0.1:{serve().port}/").reason is Reason.OK
    assert checker.check(f"http://127.0.0.1:{closed_port}/").reason is Reason.CONNECTION_REFUSED


def test_a_name_server_of_ours_that_is_silent_is_no_data(make_checker, silent) -> None:
    checker = make_checker(dns_servers=[silent])
    assert checker.check("http://web.test/", timeout=0.5).reason is Reason.RESOLVER_UNAVAILABLE
    assert checker.engine.network_trouble == "none of our name servers answers"


def test_a_name_that_is_silent_is_down_where_ours_answers_others(make_checker, dns) -> None:
    dns.silent.add("quiet.test")
    assert make_checker().check("http://quiet.test/", timeout=0.3).reason is Reason.NAME_SERVER_SILENT
    # It was asked for the root, as nobody else had asked it anything.
    assert dns.asked[" NS"] == 1


def test_what_others_were_answered_is_proof_enough(make_checker, spec, dns, monotonic) -> None:
    dns.silent.add("quiet.test")
    checker = make_checker()
    checker.submit(spec("http://quiet.test/", timeout=0.5))
    checker.submit(spec("http://gone.test/"), at=monotonic() + 0.4)
    reasons = [end.outcome.reason for end in checker.wait(2)]
    assert reasons == [Reason.NAME_NOT_FOUND, Reason.NAME_SERVER_SILENT]
    assert dns.asked[" NS"] == 0


def test_the_hosts_file_is_no_proof(make_checker, spec, silent, serve) -> None:
    checker = make_checker(dns_servers=[silent])
    checker.submit(spec("http://web.test/", timeout=0.5))
    assert checker.check(f"http://localhost:{serve().port}/").reason is Reason.OK
    assert checker.wait(1)[0].outcome.reason is Reason.RESOLVER_UNAVAILABLE


def test_a_burst_of_doubt_asks_once(make_checker, spec, full, anchor) -> None:
    checker = make_checker(anchors=[anchor])
    ends = checker.finish(*[spec(f"{full}{number}", timeout=0.4) for number in range(100)])
    assert {end.outcome.reason for end in ends} == {Reason.CONNECT_TIMEOUT}


def test_a_bug_in_the_judgement_leaves_what_was_found(make_checker, full, monkeypatch, caplog) -> None:
    caplog.set_level(logging.CRITICAL, "emeter_checker")
    monkeypatch.setattr(network.link, "trouble_towards", lambda _: 1 / 0)
    assert make_checker().check(full, timeout=0.3).reason is Reason.CONNECT_TIMEOUT


def test_stopping_waits_for_what_is_in_doubt(make_checker, spec, full, silent) -> None:
    checker = make_checker(dns_servers=[silent])
    checker.submit(spec("http://web.test/", timeout=0.3))
    checker.engine.stop(5)
    assert checker.wait(1)[0].outcome.reason is Reason.RESOLVER_UNAVAILABLE


def test_only_what_nobody_answered_is_in_doubt() -> None:
    assert {reason.condition for reason in DOUBTFUL} == {Condition.DOWN, Condition.NO_DATA}
    assert not DOUBTFUL & {
        Reason.OK,
        Reason.CONNECTION_REFUSED,
        Reason.NAME_NOT_FOUND,
        Reason.UNEXPECTED_CODE,
    }


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_way_to_oneself_is_free(address: str) -> None:
    assert link.has_route(address)
    assert link.trouble_towards(address) == ""
