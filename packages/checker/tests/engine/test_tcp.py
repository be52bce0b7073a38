"""Ports: open or not, what they say, and whom they belong to."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from emeter_checker.guard import AddressGuard
from emeter_core.outcome import Condition, Outcome, Reason

NOW = datetime.now(UTC).replace(microsecond=0)
SECRET = "s3cr3t-of-dora"


def says(*parts: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    def say(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        connection.recv(1)

    return say


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    # At once it might come before the connection is known to be there.
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that is open, and where nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def check(checker, listen) -> Callable[..., Outcome]:
    """Check a port at which `talk` is listening."""

    def run(
        talk: Callable[[socket.socket], None], *, tls=None, host: str = "127.0.0.1", **options: object
    ) -> Outcome:
        return checker.check(f"tcp://{host}:{listen(talk, tls=tls).port}", tls=tls is not None, **options)

    return run


class TestOpen:
    def test_a_port_that_is_open_is_enough(self, checker, silent) -> None:
        outcome = checker.check(f"tcp://127.0.0.1:{silent}")
        assert (outcome.reason, outcome.address, outcome.evidence) == (Reason.OK, "127.0.0.1", {})
        assert 0 < outcome.phases.connect == outcome.phases.total

    def test_over_ipv6_too(self, checker, listen) -> None:
        outcome = checker.check(f"tcp://[::1]:{listen(echo, address='::1').port}", send="hi", expect="hi")
        assert (outcome.reason, outcome.address) == (Reason.OK, "::1")

    def test_a_port_that_is_shut_refuses(self, checker, closed_port) -> None:
        outcome = checker.check(f"tcp://127.0.0.1:{closed_port}")
        assert outcome.reason is Reason.CONNECTION_REFUSED
        assert outcome.evidence["url"] == f"tcp://127.0.0.1:{closed_port}"
        assert outcome.evidence["error"] == "Connection refused"

    def test_a_port_that_takes_nobody_in_is_a_timeout(self, checker) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as first:
            address = listener.getsockname()
            first.connect(address)
            outcome = checker.check(f"tcp://127.0.0.1:{address[1]}", timeout=0.3)
        assert outcome.reason is Reason.CONNECT_TIMEOUT
        assert 290_000 < outcome.phases.connect < 2_000_000

    def test_one_that_hangs_up_at_once_is_open(self, check) -> None:
        assert check(hang_up).reason is Reason.OK


class TestNames:
    def test_a_name_is_looked_up_anew_for_each_check(self, checker, silent, dns) -> None:
        dns.names["port.test"] = ["127.0.0.1"]
        for _ in range(3):
            outcome = checker.check(f"tcp://port.test:{silent}", ip_family="ipv4")
            assert (outcome.reason, outcome.address) == (Reason.OK, "127.0.0.1")
            assert outcome.phases.dns > 0
        assert dns.asked["port.test A"] == 3
        assert dns.asked["port.test AAAA"] == 0

    def test_a_name_that_is_not_there(self, checker, dns) -> None:
        outcome = checker.check("tcp://gone.test:1")
        assert outcome.reason is Reason.NAME_NOT_FOUND
        assert outcome.evidence["url"] == "tcp://gone.test:1"
        assert outcome.phases.total == outcome.phases.dns > 0

    def test_a_name_server_that_keeps_silent(self, checker, dns) -> None:
        dns.silent.add("port.test")
        assert checker.check("tcp://port.test:1", timeout=0.3).reason is Reason.NAME_SERVER_SILENT

    def test_the_next_address_is_tried(self, checker, listen, dns) -> None:
        dns.names["two.test"] = ["127.0.0.2", "::1"]
        outcome = checker.check(f"tcp://two.test:{listen(echo, address='::1').port}")
        assert (outcome.reason, outcome.address) == (Reason.OK, "::1")

    def test_of_several_refusals_the_first_is_told(self, checker, dns, closed_port) -> None:
        dns.names["none.test"] = ["127.0.0.2", "127.0.0.3"]
        assert checker.check(f"tcp://none.test:{closed_port}").reason is Reason.CONNECTION_REFUSED


class TestGuard:
    def test_every_address_is_vetted_and_none_dialled_where_one_may_not(
        self, make_checker, listen, dns
    ) -> None:
        strict = make_checker(guard=AddressGuard())
        port = listen(echo)
        dns.names["mixed.test"] = ["192.0.79.32", "127.0.0.1"]
        outcome = strict.check(f"tcp://mixed.test:{port.port}")
        assert (outcome.reason, outcome.condition) == (Reason.ADDRESS_BLOCKED, Condition.BLOCKED)
        assert (outcome.address, outcome.evidence["error"]) == ("127.0.0.1", "loopback")

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0"])
    def test_in_whatever_spelling(self, make_checker, host) -> None:
        outcome = make_checker(guard=AddressGuard()).check(f"tcp://{host}:1")
        assert outcome.reason is Reason.ADDRESS_BLOCKED

    def test_what_was_vetted_is_what_is_dialled(self, make_checker, silent, dns) -> None:
        answers = iter([["127.0.0.1"], ["127.0.0.9"], ["127.0.0.9"]])
        dns.names["rebind.test"] = lambda: next(answers)
        allowed = make_checker()
        outcome = allowed.check(f"tcp://rebind.test:{silent}", ip_family="ipv4")
        assert (outcome.reason, outcome.address, dns.asked["rebind.test A"]) == (Reason.OK, "127.0.0.1", 1)


class TestExpect:
    def test_a_banner(self, check) -> None:
        outcome = check(says(b"220 mx ready\r\n"), expect="220 ")
        assert outcome.reason is Reason.OK
        assert outcome.phases.wait + outcome.phases.transfer > 0

    def test_an_answer_in_pieces(self, check) -> None:
        assert check(says(b"22", b"0 r", b"eady", pause=0.02), expect="220 ready").reason is Reason.OK

    def test_what_is_sent_has_escapes_and_so_has_what_is_expected(self, check) -> None:
        assert check(echo, send=r"PING\r\n\x00é", expect=r"G\r\n\0\xc3\xa9").reason is Reason.OK

    def test_to_send_alone_asks_for_no_answer(self, listen, checker) -> None:
        said = []
        over = threading.Event()

        def take(connection) -> None:
            said.append(connection.recv(100))
            over.set()

        outcome = checker.check(f"tcp://127.0.0.1:{listen(take).port}", send="hello")
        assert outcome.reason is Reason.OK
        assert over.wait(10)
        assert said == [b"hello"]

    def test_another_answer_is_shown(self, check) -> None:
        outcome = check(says(b"554 no\r\n\x01\xff\n"), expect="220", timeout=0.3)
        assert outcome.reason is Reason.ANSWER_UNEXPECTED
        assert outcome.evidence["body"] == "554 no\n\\x01\\xff\n"
        assert outcome.evidence["expected"] == {"keyword": "220"}
        assert outcome.phases.transfer > 200_000

    def test_silence_is_a_timeout(self, checker, silent) -> None:
        outcome = checker.check(f"tcp://127.0.0.1:{silent}", expect="220", timeout=0.3)
        assert outcome.reason is Reason.TIMEOUT
        assert outcome.evidence["expected"] == {"timeout": 0.3}
        assert 200_000 < outcome.phases.wait < 2_000_000

    @pytest.mark.parametrize("end", [hang_up, reset])
    def test_one_that_goes_without_a_word(self, check, end) -> None:
        assert check(end, send="hello", expect="220").reason is Reason.CONNECTION_CLOSED

    def test_one_that_goes_with_another_word(self, check) -> None:
        outcome = check(lambda connection: connection.sendall(b"busy"), expect="220")
        assert outcome.reason is Reason.ANSWER_UNEXPECTED
        assert outcome.evidence["body"] == "busy"

    def test_a_slow_one_has_time_until_the_deadline(self, check) -> None:
        drops = [b"x"] * 10
        outcome = check(says(*drops, b"!", pause=0.02), expect="!", timeout=5)
        assert outcome.reason is Reason.OK
        outcome = check(says(*drops * 100, pause=0.02), expect="!", timeout=0.3)
        assert outcome.reason is Reason.ANSWER_UNEXPECTED
        assert outcome.phases.total < 2_000_000

    def test_one_that_never_ends_is_not_listened_to_for_long(self, check) -> None:
        def pour(connection) -> None:
            while True:
                connection.sendall(b"x" * 65536)

        outcome = check(pour, expect="!", timeout=5)
        assert outcome.reason is Reason.ANSWER_UNEXPECTED
        assert "first 64 KiB" in outcome.evidence["error"]
        assert len(outcome.evidence["body"]) <= 1024

    def test_what_was_sent_in_secret_is_not_shown(self, check) -> None:
        outcome = check(echo, send=rf"AUTH {SECRET}\r\n", expect="+OK", timeout=0.3)
        assert outcome.reason is Reason.ANSWER_UNEXPECTED
        assert SECRET not in repr(outcome)
        assert outcome.evidence["body"].startswith("AUTH [hidden]")


class TestTls:
    def test_a_good_certificate_and_its_exact_end(self, check, context) -> None:
        end = NOW + timedelta(days=40)
        outcome = check(says(b"220 ready\r\n"), tls=context(not_after=end), expect="220")
        assert (outcome.reason, outcome.certificate_ends_at) == (Reason.OK, end)
        assert outcome.phases.tls > 0

    def test_both_ways_are_secured(self, check, context) -> None:
        assert check(echo, tls=context(), send="x" * 4000, expect="x" * 1000).reason is Reason.OK

    def test_an_open_port_that_speaks_tls_is_enough(self, check, context) -> None:
        assert check(echo, tls=context()).reason is Reason.OK

    def test_a_name_is_verified_though_an_address_is_dialled(self, checker, listen, context, dns) -> None:
        dns.names |= {"good.test": ["127.0.0.1"], "bad.test": ["127.0.0.1"]}
        port = listen(echo, tls=context("good.test")).port
        assert checker.check(f"tcp://good.test:{port}", tls=True).reason is Reason.OK
        assert checker.check(f"tcp://good.test.:{port}", tls=True).reason is Reason.OK
        outcome = checker.check(f"tcp://bad.test:{port}", tls=True)
        assert outcome.reason is Reason.CERTIFICATE_WRONG_HOST
        assert "trustme" in outcome.evidence["certificate"]["subject"]
        assert "bad.test" in outcome.evidence["error"]

    @pytest.mark.parametrize(("start", "end"), [(-20, -10), (10, 20)])
    def test_a_certificate_out_of_its_time(self, check, context, start, end) -> None:
        dates = {"not_before": NOW + timedelta(days=start), "not_after": NOW + timedelta(days=end)}
        outcome = check(echo, tls=context(**dates))
        assert outcome.reason is Reason.CERTIFICATE_EXPIRED
        assert outcome.certificate_ends_at == dates["not_after"]

    def test_an_unknown_authority_is_told_nothing(self, checker, listen, context) -> None:
        said: list[bytes] = []
        port = listen(lambda each: said.append(each.recv(100)), tls=context(ca=trustme.CA())).port
        outcome = checker.check(f"tcp://127.0.0.1:{port}", tls=True, send=SECRET)
        assert outcome.reason is Reason.CERTIFICATE_UNTRUSTED
        assert outcome.certificate_ends_at is not None
        assert b"".join(said) == b""

    def test_without_verification_the_end_is_still_read(self, check, context) -> None:
        tls = context("other.test", ca=trustme.CA())
        outcome = check(echo, tls=tls, verify_tls=False)
        assert outcome.reason is Reason.OK
        assert outcome.certificate_ends_at is not None

    def test_one_that_speaks_no_tls(self, checker, listen) -> None:
        port = listen(says(b"220 plain\r\n")).port
        outcome = checker.check(f"tcp://127.0.0.1:{port}", tls=True)
        assert outcome.reason is Reason.TLS_FAILED
        assert outcome.evidence["error"] == "wrong version number"

    @pytest.mark.parametrize("end", [hang_up, reset])
    def test_one_that_goes_in_the_handshake(self, checker, listen, end) -> None:
        assert checker.check(f"tcp://127.0.0.1:{listen(end).port}", tls=True).reason is Reason.TLS_FAILED

    def test_a_handshake_that_hangs_is_a_timeout(self, checker, silent) -> None:
        outcome = checker.check(f"tcp://127.0.0.1:{silent}", tls=True, timeout=0.3)
        assert outcome.reason is Reason.TIMEOUT
        assert outcome.phases.tls > 200_000

    def test_one_that_goes_without_goodbye(self, check, context) -> None:
        assert check(reset, tls=context(), send="hello", expect="220").reason is Reason.CONNECTION_CLOSED


@pytest.mark.parametrize(
    "target", ["tcp://127.0.0.1", "tcp://", "tcp://127.0.0.1:0", "tcp://a..b:1", "tcp://256.1.1.1:1"]
)
def test_a_target_that_makes_no_sense_ends_at_once(checker, target) -> None:
    assert checker.check(target).reason in {Reason.NOT_CHECKED, Reason.NAME_NOT_FOUND}
