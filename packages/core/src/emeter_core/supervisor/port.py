"""The place where the pages are served: looked at before anything starts to listen there."""

import socket

from emeter_storage.errors import UserError


def require_free_port(host: str, port: int) -> None:
    """Raise UserError where HOST and PORT cannot be listened at."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As gunicorn does: connections that are closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise UserError(
            f"Port {port} at {host} cannot be used ({error.strerror}): set PORT or HOST."
        ) from None


def web_address(host: str, port: int, *, is_on_loopback: bool) -> str:
    """The URL at which a person on this machine finds what listens there."""
    name = "localhost" if is_on_loopback else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"
