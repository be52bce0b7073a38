"""Our own servers: what no check may talk to, whatever networks the operator opens."""

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"postgresql": 5432, "redis": 6379, "rediss": 6379, "http": 80}


class OwnServers:
    """The servers of this installation, as addresses and ports.

    One that is on this machine is shut under every address of this machine. Names are looked up once, when
    the process starts: the connections to them are made then as well.
    """

    def __init__(self, urls: Iterable[str] = ()) -> None:
        self._addresses: dict[int, set[IpAddress]] = {}
        for host, port in filter(None, map(_endpoint, urls)):
            self._addresses.setdefault(port, set()).update(_look_up(host, port))
        self._here = {port for port, found in self._addresses.items() if any(map(is_ours, found))}
        self.ports = frozenset(self._addresses)
        """The ports of theirs; on any other there is nothing to judge."""

    def are_at(self, address: IpAddress, port: int) -> bool:
        """Whether one of them listens there."""
        return address in self._addresses.get(port, ()) or (port in self._here and is_ours(address))


def is_ours(address: IpAddress) -> bool:
    """Whether packets to this address stay on this machine: only to such a one a socket can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the version of IP
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def _endpoint(url: str) -> tuple[str, int] | None:
    """Host and port of a URL; None for a socket in the file system, which no check can reach."""
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    if not parts.hostname or scheme not in _PORTS:
        return None
    return parts.hostname, parts.port or _PORTS[scheme]


def _look_up(host: str, port: int) -> Iterator[IpAddress]:
    with suppress(OSError):
        for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            yield ipaddress.ip_address(str(where[0]).partition("%")[0])
