"""The judgement on an address: may it be dialled."""

import ipaddress
from collections.abc import Iterator, Sequence
from functools import lru_cache

from emeter_checker.guard.own import IpAddress, OwnServers
from emeter_checker.guard.ranges import MAPPED, NAT64, RANGES, IpNetwork, Range

_KNOWN_ADDRESSES = 65_536
_LOW_32 = 0xFFFF_FFFF


class AddressGuard:
    """Tells which addresses a check may dial.

    `allowed` opens forbidden ranges, but for those that stay shut (link-local, cloud metadata,
    multicast, reserved): each of these opens only where it is named as a /32 or /128. `own` are the URLs of
    our own servers, which nothing opens.
    """

    def __init__(self, allowed: Sequence[IpNetwork] = (), own: Sequence[str] = ()) -> None:
        self._allowed = tuple(allowed)
        self._own = OwnServers(own)
        self._named = frozenset(
            network.network_address for network in allowed if network.prefixlen == network.max_prefixlen
        )
        self._known = lru_cache(_KNOWN_ADDRESSES)(self._judge)
        self._own_ports = self._own.ports

    def verdict(self, address: str, port: int = 0) -> str | None:
        """Why this address must not be dialled, None if it may be. Below 0.3 us for a known address."""
        return self._known(address, port if port in self._own_ports else 0)

    def _judge(self, address: str, port: int) -> str | None:
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return "not an IP address"
        for judged in _dialled(parsed):
            why = self._why(judged)
            if why is None and port and self._own.are_at(judged, port):
                why = "our own server"
            if why is not None:
                return why if judged == parsed else f"{why} ({judged})"
        return None

    def _why(self, address: IpAddress) -> str | None:
        if address in self._named:
            return None
        ranges = [forbidden for forbidden in RANGES if _holds(forbidden, address)]
        if not ranges:
            return None
        narrowest = max(ranges, key=lambda forbidden: forbidden.network.prefixlen)
        if not narrowest.shut and any(
            address.version == network.version and address in network for network in self._allowed
        ):
            return None
        return narrowest.why


def _holds(forbidden: Range, address: IpAddress) -> bool:
    return forbidden.network.version == address.version and address in forbidden.network


def _dialled(address: IpAddress) -> Iterator[IpAddress]:
    """Every address that packets to this one may reach: itself, and the IPv4 address inside."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address not in MAPPED and address not in NAT64:
        yield address
    inner = _inner(address)
    if inner is not None:
        yield inner


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address carries, if its form carries one."""
    low = ipaddress.IPv4Address(int(address) & _LOW_32)
    if address in MAPPED or address in NAT64:
        return low
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIERS) and int(address) > 1:
        return low
    return None


_CARRIERS = tuple(ipaddress.IPv6Network(text) for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48"))
