"""Whose request it is where proxies stand before us: TRUSTED_PROXIES says how many count."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix


def register(app: Flask, trusted: int) -> None:
    """Believe the address and the scheme that the last `trusted` proxies tell, and nothing before them.

    The host is not among it: a proxy that hands `X-Forwarded-Host` on would let anybody choose it.
    """
    if trusted:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's documentation does it
            app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=0, x_port=0, x_prefix=0
        )


def client_address() -> IPv4Address | IPv6Address | None:
    """The address that asks; None where nothing that is one was told."""
    told = request.remote_addr or ""
    try:
        address = ip_address(_without_port(told))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(told: str) -> str:
    """Read `192.0.2.1:1234` and `[2001:db8::1]:1234` too, as some proxies write them."""
    if told.startswith("["):
        return told[1:].partition("]")[0]
    return told.partition(":")[0] if told.count(":") == 1 else told
