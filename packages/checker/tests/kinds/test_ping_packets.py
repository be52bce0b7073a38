"""Packets of ICMP: ours are known, all others are left alone."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_checker.kinds.ping.packets import V4, V6, Echo, Version, as_answered, read_echo

versions = st.sampled_from([V4, V6])
numbers = st.integers(0, 0xFFFF)
addresses = {V4: "192.0.2.1", V6: "2001:db8::1"}


def head(type_: int, code: int, identifier: int = 0, sequence: int = 0) -> bytes:
    return struct.pack("!BBHHH", type_, code, 0, identifier, sequence)


def ip_header(version: Version, to: str, protocol: int, options: int = 0) -> bytes:
    """What stands before a packet of ICMP; `options` are words of 32 bits, IPv4 alone has them."""
    packed = socket.inet_pton(version.family, to)
    if version is V4:
        words = 5 + options
        return bytes([0x40 | words]) + bytes(8) + bytes([protocol]) + bytes(6) + packed + bytes(4 * options)
    return bytes(6) + bytes([protocol]) + bytes(17) + packed


@given(versions, numbers, numbers, st.binary(max_size=60), st.integers(0, 10))
def test_an_answer_is_read(
    version: Version, identifier: int, sequence: int, payload: bytes, options: int
) -> None:
    packet = head(version.reply, 0, identifier, sequence) + payload
    expected = Echo("192.0.2.9", identifier, sequence)
    assert read_echo(packet, "192.0.2.9", version, has_header=False) == expected
    if version is V4:
        with_header = ip_header(V4, "192.0.2.9", V4.protocol, options) + packet
        assert read_echo(with_header, "192.0.2.9", V4, has_header=True) == expected


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:7f00:1", "127.0.0.1"),
        ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ],
)
def test_who_is_asked_is_named_as_who_answers(address: str, named: str) -> None:
    assert as_answered(address) == named


@given(versions, numbers, numbers, st.integers(0, 15))
def test_a_router_speaks_of_the_request_that_it_quotes(
    version: Version, identifier: int, sequence: int, code: int
) -> None:
    for type_, word in version.errors.items():
        quoted = ip_header(version, addresses[version], version.protocol) + head(
            version.request, 0, identifier, sequence
        )
        echo = read_echo(head(type_, code) + quoted, "198.51.100.1", version, has_header=False)
        assert echo == Echo(
            addresses[version], identifier, sequence, f"198.51.100.1 says: {word} (code {code})"
        )


@pytest.mark.parametrize("version", [V4, V6], ids=["IPv4", "IPv6"])
def test_other_packets_are_none_of_ours(version: Version) -> None:
    error = next(iter(version.errors))
    of_udp = ip_header(version, addresses[version], socket.IPPROTO_UDP) + head(version.request, 0)
    of_answer = ip_header(version, addresses[version], version.protocol) + head(version.reply, 0)
    for packet in (head(version.request, 0), head(error, 0) + of_udp, head(error, 0) + of_answer):
        assert read_echo(packet, "192.0.2.9", version, has_header=False) is None


@given(versions, st.binary(max_size=120), st.booleans())
def test_any_bytes_are_a_packet_or_none(version: Version, packet: bytes, has_header: bool) -> None:  # noqa: FBT001 - generated
    echo = read_echo(packet, "192.0.2.9", version, has_header=has_header)
    assert echo is None or 0 <= echo.sequence <= 0xFFFF


@given(versions, st.data())
def test_a_packet_that_is_cut_off_is_none(version: Version, data) -> None:
    error = next(iter(version.errors))
    whole = (
        head(error, 1) + ip_header(version, addresses[version], version.protocol) + head(version.request, 0)
    )
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert read_echo(whole[:cut], "192.0.2.9", version, has_header=False) is None
