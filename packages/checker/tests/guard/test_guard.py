"""The corpus: what must never be dialled, what may be, and what an operator can open."""

import ipaddress
import timeit
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.guard.ranges import MAPPED, RANGES

CORPUS = Path(__file__).parent / "corpus"


def words(name: str) -> list[str]:
    """The words of a file of the corpus, remarks left out."""
    lines = (CORPUS / f"{name}.txt").read_text("utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


GUARD = AddressGuard()
EVERYTHING = AddressGuard([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])

FORBIDDEN = words("forbidden")
HONEST = words("honest")

NONSENSE = [
    "",
    "localhost",
    "127.1",
    "0x7f.1",
    "2130706433",
    "0177.0.0.1",
    "①②⑦.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    ":::",
    "%",
]


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(set(FORBIDDEN)) >= 150
    assert len({forbidden.network for forbidden in RANGES}) >= 45


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_forbidden_address_is_blocked(address) -> None:
    assert GUARD.verdict(address)


@pytest.mark.parametrize("address", HONEST)
def test_an_honest_address_is_not(address) -> None:
    assert GUARD.verdict(address) is None


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_address_is_blocked(text) -> None:
    assert GUARD.verdict(text)


@pytest.mark.parametrize("forbidden", RANGES, ids=lambda forbidden: str(forbidden.network))
def test_every_range_is_blocked_from_end_to_end(forbidden) -> None:
    assert GUARD.verdict(str(forbidden.network[0]))
    assert GUARD.verdict(str(forbidden.network[-1]))


@pytest.mark.parametrize(
    "forbidden", [each for each in RANGES if each.shut], ids=lambda each: str(each.network)
)
def test_what_is_shut_stays_shut_whatever_is_allowed(forbidden) -> None:
    assert EVERYTHING.verdict(str(forbidden.network[-1]))


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::ffff:169.254.169.254"],
)
def test_metadata_stays_shut_under_a_wide_permission(address) -> None:
    wide = [
        ipaddress.ip_network(text)
        for text in ("169.254.0.0/16", "fc00::/7", "100.64.0.0/10", "168.63.129.0/24")
    ]
    assert AddressGuard(wide).verdict(address) == EVERYTHING.verdict(address) is not None


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "168.63.129.16"])
def test_what_is_named_to_the_bit_is_open(address) -> None:
    assert AddressGuard([ipaddress.ip_network(address)]).verdict(address) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "172.16.9.9", "192.168.1.1", "fd12::1", "::ffff:192.168.1.1"]
)
def test_local_networks_can_be_opened(address) -> None:
    assert AddressGuard(LOCAL_NETWORKS).verdict(address) is None
    assert GUARD.verdict(address)


def test_an_allowed_network_opens_nothing_beside_it() -> None:
    guard = AddressGuard([ipaddress.ip_network("192.168.1.0/24")])
    assert guard.verdict("192.168.1.255") is None
    assert guard.verdict("192.168.2.0") == "private"


def test_a_carried_address_is_told() -> None:
    assert GUARD.verdict("::ffff:169.254.169.254") == "cloud metadata (169.254.169.254)"


@given(st.ip_addresses(v=4))
def test_the_mapped_form_is_judged_as_the_address_itself(address) -> None:
    mapped = str(ipaddress.IPv6Address(int(MAPPED.network_address) | int(address)))
    assert (GUARD.verdict(mapped) is None) == (GUARD.verdict(str(address)) is None)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_ever_dialled(address) -> None:
    carried = address in MAPPED or address in ipaddress.ip_network("64:ff9b::/96")
    if GUARD.verdict(str(address)) is None and not carried:
        assert address in ipaddress.ip_network("2000::/3")


@given(st.ip_addresses())
def test_permission_never_closes_anything(address) -> None:
    if GUARD.verdict(str(address)) is None:
        assert EVERYTHING.verdict(str(address)) is None


@given(st.text(max_size=60))
def test_any_text_has_a_verdict(text) -> None:
    verdict = GUARD.verdict(text)
    assert verdict is None or verdict


def test_a_known_address_costs_less_than_a_microsecond() -> None:
    best = min(timeit.repeat(lambda: GUARD.verdict("93.184.216.34"), number=10_000, repeat=7)) / 10_000
    assert best < 1e-6


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2://me:pass@127.0.0.1:5433/x",
        "redis://:pass@localhost:5433",
        "redis://[::1]:5433",
        "http://127.0.0.1:5433",
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_our_own_server_stays_shut_under_every_address_of_this_machine(url, address) -> None:
    guard = AddressGuard(LOCAL_NETWORKS, own=[url])
    assert "our own server" in (guard.verdict(address, 5433) or "")
    assert guard.verdict(address, 5434) is None
    assert guard.verdict(address) is None


def test_our_own_server_elsewhere_is_shut_and_its_neighbours_are_not() -> None:
    guard = AddressGuard(LOCAL_NETWORKS, own=["redis://:pass@10.1.2.3", "rediss://:pass@10.1.2.3:7000"])
    assert [guard.verdict("10.1.2.3", port) for port in (6379, 7000, 80)] == ["our own server"] * 2 + [None]
    assert guard.verdict("10.1.2.4", 6379) is None
    assert guard.verdict("127.0.0.1", 6379) is None
    assert guard.verdict("::ffff:10.1.2.3", 6379) == "our own server (10.1.2.3)"


def test_servers_without_a_port_and_names_without_an_address_shut_nothing() -> None:
    own = ["unix:///run/redis.sock", "postgresql://me@/x?host=/run", "redis://:pass@nowhere.invalid", ""]
    guard = AddressGuard(LOCAL_NETWORKS, own=own)
    assert [guard.verdict("127.0.0.1", port) for port in (5432, 6379)] == [None, None]
