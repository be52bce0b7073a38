"""The corpus: what must never be dialled, what may be, and what an operator can open."""

import ipaddress
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.guard.ranges import MAPPED, RANGES


def words(text: str) -> list[str]:
    """A list, as long as it is, in few lines."""
    return text.split()


GUARD = AddressGuard()
EVERYTHING = AddressGuard([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])

FORBIDDEN = words("""
    0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.127.255.255
    100.100.100.200 127.0.0.0 127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.255 168.63.129.16 169.254.0.0
    169.254.0.1 169.254.169.254 169.254.169.253 169.254.169.123 169.254.170.2 169.254.170.23 169.254.42.42
    169.254.255.255 172.16.0.0 172.16.0.1 172.20.1.1 172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.170
    192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.1 192.0.2.255 192.88.99.0 192.88.99.1 192.88.99.255
    192.168.0.0 192.168.0.1 192.168.255.255 198.18.0.0 198.18.0.1 198.19.255.255 198.51.100.0 198.51.100.1
    198.51.100.255 203.0.113.0 203.0.113.1 203.0.113.255 224.0.0.0 224.0.0.1 224.0.0.251 233.252.0.1
    239.255.255.255 240.0.0.0 240.0.0.1 255.255.255.254 255.255.255.255 :: ::1 ::2 ::127.0.0.1 ::10.0.0.1
    ::8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:7f00:1 ::ffff:0:8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1
    ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:100.64.0.1 ::ffff:0.0.0.0
    ::ffff:192.168.1.1 ::ffff:172.16.0.1 ::ffff:224.0.0.1 ::ffff:255.255.255.255 ::ffff:168.63.129.16
    0:0:0:0:0:ffff:127.0.0.1 0000:0000:0000:0000:0000:ffff:7f00:0001 ::FFFF:127.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b::192.168.0.1
    64:ff9b::100.100.100.200 64:ff9b::168.63.129.16 64:ff9b::0.0.0.0 64:ff9b::224.0.0.1 64:ff9b:1::1
    64:ff9b:1::8.8.8.8 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: 100::1 100:0:0:1::1 100:ffff::1 1ff:: 200::1
    3ff::1 400::1 7ff::1 800::1 fff::1 1000::1 1fff::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
    2001:0:7f00:1:: 2001:0:53aa:64c:0:f227:80ff:fffe 2001:1::1 2001:2::1 2001:2:0:ffff:ffff:ffff:ffff:ffff
    2001:3::1 2001:10::1 2001:1f:ffff::1 2001:20::1 2001:2f::1 2001:30::1 2001:1ff:ffff::1 2001:db8::
    2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe::
    2002:808:808::1 2002:c0a8:101::1 2002:ffff:ffff:: 3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 5fff::1
    6000::1 7fff::1 8000::1 9fff::1 a000::1 bfff::1 c000::1 dfff::1 e000::1 efff::1 f000::1 f7ff::1 f800::1
    fbff::1 fc00:: fc00::1 fd00::1 fd00:ec2::254 fd00:ec2::23 fd00:ec2::123 fd00:ec2::253 fd20:ce::254
    fd00:42::42 fd00:c1::a9fe:a9fe fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe00::1 fe7f::1 fe80:: fe80::1
    fe80::1%eth0 fe80::a9fe:a9fe febf::1 fec0::1 feff::1 ff00::1 ff01::1 ff02::1 ff02::fb ff05::2 ff0e::1
    ::1%lo ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
""")

HONEST = words("""
    1.1.1.1 8.8.8.8 9.9.9.9 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.1 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
    191.255.255.255 192.0.1.1 192.0.3.0 192.31.196.1 192.52.193.1 192.88.98.255 192.88.100.0 192.167.255.255
    192.169.0.0 192.175.48.1 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
    223.255.255.255 1.0.0.0 2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2003::1
    2400:cb00::1 2606:4700:4700::1111 2620:fe::fe 2a00:1450:4001::200e 2a01:4f8::1 3ffe::1 3fff:1000::1
    2620:4f:8000::1 ::ffff:8.8.8.8 ::ffff:1.1.1.1 64:ff9b::8.8.8.8 64:ff9b::101:101
""")

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
