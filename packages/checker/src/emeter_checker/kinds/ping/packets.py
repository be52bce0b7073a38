"""What comes in on a socket for ICMP: answers to echo requests, and words of routers about them. Pure."""

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import NamedTuple

_HEAD = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence: RFC 792, RFC 4443 4.1


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What sets the two versions apart: types of ICMP, and where things are in the header of IP."""

    family: int
    protocol: int
    request: int
    reply: int
    errors: dict[int, str]
    header: int
    protocol_at: int
    destination: slice
    """Within an IP header without options."""


V4 = Version(
    socket.AF_INET,
    socket.IPPROTO_ICMP,
    request=8,
    reply=0,
    errors={3: "unreachable", 11: "too many hops away"},
    header=20,
    protocol_at=9,
    destination=slice(16, 20),
)
V6 = Version(
    socket.AF_INET6,
    socket.IPPROTO_ICMPV6,
    request=128,
    reply=129,
    errors={1: "unreachable", 3: "too many hops away"},
    header=40,
    protocol_at=6,
    destination=slice(24, 40),
)


class Echo(NamedTuple):
    """What became of a request: `address` is where it went, `error` is empty where it was answered."""

    address: str
    identifier: int
    sequence: int
    error: str = ""


def as_answered(address: str) -> str:
    """An address as those who answer are named; an IPv4 address in one of IPv6 is that itself."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address)
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else socket.inet_ntop(V6.family, parsed.packed)


def read_echo(packet: bytes, source: str, version: Version, *, has_header: bool) -> Echo | None:
    """Read a packet from `source`; None for one that is not about an echo request of ours.

    `has_header` says whether the header of IP comes with it, as it does on raw sockets of IPv4.
    """
    try:
        at = _length(packet) if has_header else 0
        type_, code, _, identifier, sequence = _HEAD.unpack_from(packet, at)
        if type_ == version.reply:
            return Echo(source, identifier, sequence)
        if type_ in version.errors:
            error = f"{source} says: {version.errors[type_]} (code {code})"
            return _about(packet[at + _HEAD.size :], error, version)
    except (IndexError, struct.error):
        # Shorter than it has to be.
        return None
    return None


def _about(request: bytes, error: str, version: Version) -> Echo | None:
    """Read the beginning of the request that an error is about, as it is quoted in it."""
    at = _length(request) if version is V4 else version.header
    type_, _, _, identifier, sequence = _HEAD.unpack_from(request, at)
    if type_ != version.request or request[version.protocol_at] != version.protocol:
        return None
    address = socket.inet_ntop(version.family, request[version.destination])
    return Echo(address, identifier, sequence, error)


def _length(packet: bytes) -> int:
    """Bytes of an IPv4 header, options included."""
    return (packet[0] & 0x0F) * 4
