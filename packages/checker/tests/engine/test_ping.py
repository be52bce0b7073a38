"""Pings: what comes back and what does not; and a clear word where this machine forbids them."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from emeter_checker.guard import AddressGuard
from emeter_core.outcome import Condition, Outcome, Reason

REPLY, UNREACHABLE, REQUEST = 0, 3, 8
UNPRIVILEGED = {"ping_group_range": "0 2147483647"}
SILENT = {"icmp_echo_ignore_all": "1"}


def may_ping() -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with suppress(PermissionError), socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP):
            return True
    return False


@pytest.fixture
def ping(make_checker) -> Callable[..., Outcome]:
    """Ping from an engine made where the caller is."""

    def run(host: str, **settings: object) -> Outcome:
        return make_checker().check(f"ping://{host}", **settings)

    return run


class TestHere:
    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("127.1", "127.0.0.1"),
            ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ],
    )
    def test_loopback_answers_or_we_are_told_why_not(self, ping, host, address) -> None:
        outcome = ping(host, packets=2)
        if may_ping():
            assert (outcome.reason, outcome.address, outcome.evidence) == (Reason.OK, address, {})
            assert 0 < outcome.phases.wait == outcome.phases.total < 1_000_000
        else:
            assert (outcome.reason, outcome.condition) == (Reason.PING_FORBIDDEN, Condition.NO_DATA)
            assert "net.ipv4.ping_group_range" in outcome.evidence["error"]

    def test_a_name_is_looked_up_and_its_address_pinged(self, ping, dns) -> None:
        dns.names["host.test"] = ["127.0.0.3"]
        outcome = ping("host.test", packets=1)
        assert outcome.address == "127.0.0.3"
        assert outcome.phases.dns > 0
        assert outcome.reason is (Reason.OK if may_ping() else Reason.PING_FORBIDDEN)

    def test_a_name_that_is_not_there(self, ping, dns) -> None:
        assert ping("gone.test").reason is Reason.NAME_NOT_FOUND

    def test_a_forbidden_address_is_not_pinged(self, make_checker, dns) -> None:
        dns.names["mixed.test"] = ["192.0.79.32", "169.254.169.254"]
        strict = make_checker(guard=AddressGuard())
        for host, why in [
            ("mixed.test", "cloud metadata"),
            ("[::1]", "loopback"),
            ("224.0.0.1", "multicast"),
        ]:
            outcome = strict.check(f"ping://{host}")
            assert (outcome.reason, outcome.evidence["error"]) == (Reason.ADDRESS_BLOCKED, why)

    def test_an_address_that_this_machine_has_no_way_to_is_no_data(self, ping) -> None:
        # The kernel lets nobody ping the broadcast address of loopback who has not asked for broadcasts.
        outcome = ping("127.255.255.255")
        assert outcome.condition is Condition.NO_DATA

    def test_a_hundred_at_once_each_get_their_own_answers(self, make_checker, spec) -> None:
        checker = make_checker()
        ends = checker.finish(*[spec(f"ping://127.0.1.{number}", packets=2) for number in range(100)])
        assert {end.outcome.address for end in ends} == {f"127.0.1.{number}" for number in range(100)}
        reason = Reason.OK if may_ping() else Reason.PING_FORBIDDEN
        assert {end.outcome.reason for end in ends} == {reason}


class TestElsewhere:
    @pytest.mark.parametrize("switches", [UNPRIVILEGED, {}], ids=["for anybody", "for root"])
    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    def test_either_way_to_send_will_do(self, ping, host, switches, in_own_network) -> None:
        may_open_raw = not switches
        outcome = in_own_network(partial(ping, host), may_open_raw=may_open_raw, **switches)
        assert (outcome.reason, outcome.evidence) == (Reason.OK, {})

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    def test_where_neither_is_allowed_that_is_no_failure_of_the_target(
        self, ping, host, in_own_network
    ) -> None:
        outcome = in_own_network(partial(ping, host), may_open_raw=False, ping_group_range="1 0")
        assert (outcome.reason, outcome.condition) == (Reason.PING_FORBIDDEN, Condition.NO_DATA)
        assert "set the sysctl to '0 2147483647', or give" in outcome.evidence["error"]

    def test_once_it_is_allowed_it_is_done(self, make_checker, in_own_network) -> None:
        def forbid_and_allow() -> list[Reason]:
            checker = make_checker()
            first = checker.check("ping://127.0.0.1", packets=1).reason
            with open("/proc/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as switch:  # noqa: PTH123 - as short
                switch.write("0 2147483647")
            return [first, checker.check("ping://127.0.0.1", packets=1).reason]

        reasons = in_own_network(forbid_and_allow, may_open_raw=False, ping_group_range="1 0")
        assert reasons == [Reason.PING_FORBIDDEN, Reason.OK]

    @pytest.mark.parametrize("switches", [UNPRIVILEGED, {}], ids=["for anybody", "for root"])
    def test_one_that_keeps_silent(self, ping, switches, in_own_network) -> None:
        outcome = in_own_network(
            partial(ping, "127.0.0.1", packets=2, timeout=0.3),
            may_open_raw=not switches,
            **(SILENT | switches),
        )
        assert outcome.reason is Reason.PING_UNANSWERED
        assert outcome.evidence["round_trips_us"] == [None, None]
        assert 250_000 < outcome.phases.wait < 2_000_000

    def test_where_there_is_no_way_that_is_no_data(self, ping, in_own_network) -> None:
        outcome = in_own_network(partial(ping, "10.0.0.1"))
        assert (outcome.reason, outcome.condition) == (Reason.NETWORK_UNAVAILABLE, Condition.NO_DATA)
        assert outcome.evidence["error"] == "Network is unreachable"


def answer_some(raw: socket.socket, answers: Callable[[int], bytes], count: int) -> None:
    """Answer so many echo requests on loopback by hand; what is empty is no answer."""
    number = 0
    while number < count:
        packet = raw.recv(2048)
        if packet[20] == REQUEST:
            reply = answers(number)
            number += 1
            if reply:
                raw.sendto(
                    sealed(reply + (packet if reply[0] == UNREACHABLE else packet[24:])), ("127.0.0.1", 0)
                )


def sealed(packet: bytes) -> bytes:
    """Put the checksum of RFC 1071 in."""
    padded = packet + b"\0" * (len(packet) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]


@pytest.fixture
def ping_answered(ping, in_own_network) -> Callable[..., Outcome]:
    """Ping loopback where the kernel keeps silent, and `answers` says what comes back for which packet."""

    def run(answers: Callable[[int], bytes], packets: int, **settings: object) -> Outcome:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            answering = threading.Thread(target=answer_some, args=(raw, answers, packets))
            answering.start()
            outcome = ping("127.0.0.1", packets=packets, **settings)
            answering.join()
        return outcome

    return lambda *args, **settings: in_own_network(partial(run, *args, **settings), **SILENT)


class TestLoss:
    def test_loss_that_is_tolerated_is_told(self, ping_answered) -> None:
        outcome = ping_answered(lambda number: b"" if number == 1 else b"\0\0\0\0", 3, timeout=0.8)
        assert outcome.reason is Reason.OK
        first, second, third = outcome.evidence["round_trips_us"]
        assert second is None
        assert outcome.phases.wait == (first + third) // 2

    def test_more_is_a_failure(self, ping_answered) -> None:
        outcome = ping_answered(lambda number: b"" if number else b"\0\0\0\0", 3, timeout=0.8)
        assert (outcome.reason, outcome.condition) == (Reason.PACKETS_LOST, Condition.DOWN)
        assert outcome.evidence["round_trips_us"].count(None) == 2

    def test_the_bound_is_a_setting(self, ping_answered) -> None:
        outcome = ping_answered(lambda number: b"" if number else b"\0\0\0\0", 3, timeout=0.8, max_loss=67)
        assert outcome.reason is Reason.OK

    def test_a_router_that_knows_no_way(self, ping_answered) -> None:
        outcome = ping_answered(lambda _: bytes([UNREACHABLE, 1, 0, 0, 0, 0, 0, 0]), 2, timeout=5)
        assert outcome.reason is Reason.HOST_UNREACHABLE
        assert outcome.evidence["error"] == "127.0.0.1 says: unreachable (code 1)"
        assert outcome.phases.total < 2_000_000


@pytest.mark.parametrize("target", ["ping://", "ping://127.0.0.1:1", "ping://a..b", "ping://256.1.1.1"])
def test_a_target_that_makes_no_sense_ends_at_once(checker, target) -> None:
    assert checker.check(target).reason in {Reason.NOT_CHECKED, Reason.NAME_NOT_FOUND}
