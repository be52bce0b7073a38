"""What the kernel knows of the way to an address: a route, a link that runs, a gateway that answers.

Nothing is sent. What the kernel does not tell (an old one, a sandbox) counts as well.
"""

import errno
import socket
import struct
import sys
from ipaddress import ip_address
from typing import NamedTuple

# A root name server in each family: addresses that only a default route leads to.
_FAR_AWAY = ("198.41.0.4", "2001:503:ba3e::2:30")

# From linux/netlink.h, rtnetlink.h, neighbour.h, if_link.h and if.h.
_HEADER = struct.Struct("=IHHII")
_ERROR = 2
_REQUEST = 1
_GET_LINK, _GET_ROUTE, _GET_NEIGHBOUR = 18, 26, 30
_DESTINATION, _INTERFACE, _GATEWAY, _VIA = 1, 4, 5, 18
_UNANSWERED = 0x01 | 0x10 | 0x20  # NUD_INCOMPLETE, NUD_PROBE, NUD_FAILED
_IFF_RUNNING = 0x40
_CARRIER = 33


class _Hop(NamedTuple):
    """Where packets go next: by which interface, to which gateway (none where the target is a neighbour)."""

    interface: int
    gateway: bytes


def trouble() -> str:
    """What keeps this machine from the rest of the world, in words; empty where a way out exists."""
    found = [trouble_towards(address, "anywhere") for address in _FAR_AWAY]
    return found[0] if all(found) else ""


def trouble_towards(address: str, called: str = "") -> str:
    """What on our side keeps packets from this address, in words; empty where nothing is known to."""
    if not has_route(address):
        return f"this machine has no route to {called or address}"
    try:
        hop = _next_hop(ip_address(address).packed)
        if hop is None:
            return ""
        if not _runs(hop.interface):
            return f"the link {socket.if_indextoname(hop.interface)} is down"
        if hop.gateway and _neighbour(hop) & _UNANSWERED:
            return f"the gateway {ip_address(hop.gateway)} does not answer"
    except (OSError, struct.error):
        return ""
    return ""


def has_route(address: str) -> bool:
    """Whether the kernel would send packets to this address: a router on the way may still refuse them."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Of a datagram socket this looks the route up, and no more.
            probe.connect((address, 9))
    except OSError as error:
        return error.errno not in _NO_ROUTE
    return True


_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
)


def _next_hop(packed: bytes) -> _Hop | None:
    family = _family(packed)
    asked = struct.pack("=8BI", family, 8 * len(packed), 0, 0, 0, 0, 0, 0, 0)
    told = _ask(_GET_ROUTE, asked + _attribute(_DESTINATION, packed))
    if told is None:
        return None
    attributes = _attributes(told[12:])
    if _INTERFACE not in attributes:
        return None
    # A gateway of the other family comes with that family in front.
    gateway = attributes.get(_GATEWAY) or attributes.get(_VIA, b"")[2:]
    return _Hop(int.from_bytes(attributes[_INTERFACE], sys.byteorder), gateway)


def _neighbour(hop: _Hop) -> int:
    """The state of the gateway in the table of neighbours; 0 where it is not in there."""
    asked = struct.pack("=BBHiHBB", _family(hop.gateway), 0, 0, hop.interface, 0, 0, 0)
    told = _ask(_GET_NEIGHBOUR, asked + _attribute(_DESTINATION, hop.gateway))
    return int(struct.unpack_from("=H", told, 8)[0]) if told else 0


def _runs(interface: int) -> bool:
    """Whether an interface is up and has a carrier."""
    told = _ask(_GET_LINK, struct.pack("=BxHiII", socket.AF_UNSPEC, 0, interface, 0, 0))
    if told is None:
        return True
    # The kernel takes up to a second until its flags say that the carrier went.
    carrier = _attributes(told[16:]).get(_CARRIER, b"\1")
    return bool(struct.unpack_from("=I", told, 8)[0] & _IFF_RUNNING) and carrier != b"\0"


def _ask(kind: int, body: bytes) -> bytes | None:
    """Ask the kernel by netlink; it answers before the call that asks returns. None for a refusal."""
    kind_of_socket = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    with socket.socket(socket.AF_NETLINK, kind_of_socket, socket.NETLINK_ROUTE) as kernel:
        kernel.sendto(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST, 1, 0) + body, (0, 0))
        told = kernel.recv(8192)
    return None if _HEADER.unpack_from(told)[1] == _ERROR else told[_HEADER.size :]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:  # noqa: PLR2004 - length and kind
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:  # noqa: PLR2004 - the same
            break
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def _family(packed: bytes) -> int:
    return socket.AF_INET if len(packed) == 4 else socket.AF_INET6  # noqa: PLR2004 - bytes of IPv4
