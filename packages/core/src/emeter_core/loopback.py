"""Whether a host is this machine's own."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Whether a host or address is this machine's own."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
