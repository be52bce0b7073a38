"""From the addresses of a name to those that are dialled, the same for every kind."""

import socket
from collections.abc import Sequence

from emeter_checker.guard import AddressGuard
from emeter_core.monitors.kinds.hosts import IpFamily
from emeter_core.outcome import Reason

LOOK_UP_MAX_S = 5.0
"""Seconds for one look-up, if the timeout is no shorter."""

FAMILIES = {IpFamily.ANY: socket.AF_UNSPEC, IpFamily.IPV4: socket.AF_INET, IpFamily.IPV6: socket.AF_INET6}

TRY_NEXT = frozenset({Reason.CONNECTION_REFUSED, Reason.HOST_UNREACHABLE, Reason.NETWORK_UNAVAILABLE})
"""After these the next address of the same name is dialled."""

_MOST = 4


def forbidden(guard: AddressGuard, addresses: Sequence[str], port: int) -> tuple[str, str] | None:
    """The first address that may not be dialled, and why; a mixed answer is an attack or a mistake.

    A port of 0 is none, as for a ping.
    """
    verdict_of = guard.verdict
    for address in addresses:
        why = verdict_of(address, port)
        if why is not None:
            return address, why
    return None


def in_order(addresses: Sequence[str]) -> list[str]:
    """The addresses that are tried one after the other: IPv4 first, else as answered, four at most."""
    if len(addresses) == 1:
        return list(addresses)
    return sorted(dict.fromkeys(addresses), key=_is_ipv6)[:_MOST]


def _is_ipv6(address: str) -> bool:
    return ":" in address
