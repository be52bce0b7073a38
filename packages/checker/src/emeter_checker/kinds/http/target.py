"""One URL, read once, by one parser: what is asked, of whom, on which port."""

import ipaddress
import re
import socket
import unicodedata
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

import idna

from emeter_core.outcome import Reason

_PORTS = {"http": 80, "https": 443}
_PORT_MAX = 65_535
_NAME_MAX = 253
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII)
_NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_NUMERIC = re.compile(r"[0-9a-fx.]+", re.ASCII)
# Every printable ASCII character stays as it was written; what is quoted already is not quoted again.
_SAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_UNSAFE = re.compile(r"[^\x21-\x7e]")


class BadTarget(ValueError):  # noqa: N818 - it is the target that is bad, and a value more than an error
    """A URL that no check may follow; `reason` says why."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Target(NamedTuple):
    """Where a request goes. `url` is rebuilt from the other parts, so that libcurl reads the same."""

    scheme: str
    host: str
    port: int
    url: str
    literal: str
    """The IP address, if the host is one in whatever spelling; empty for a name."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what must not change if credentials are to travel on."""
        return self.scheme, self.host.rstrip("."), self.port


def read_target(url: str) -> Target:
    """Read an absolute URL; raises BadTarget, whose reason is REDIRECT_INVALID where it makes no sense."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadTarget(Reason.REDIRECT_INVALID, f"not a valid URL: {error}") from error
    if parts.scheme not in _PORTS:
        raise BadTarget(Reason.SCHEME_BLOCKED, f"the scheme {parts.scheme!r} is not allowed")
    if parts.username is not None or parts.password is not None:
        raise BadTarget(Reason.REDIRECT_INVALID, "the URL holds a user or password")
    if port is None:
        port = _PORTS[parts.scheme]
    if not 0 < port <= _PORT_MAX:
        raise BadTarget(Reason.REDIRECT_INVALID, f"{port} is no port")
    host, literal = read_host(parts.hostname or "")
    return Target(parts.scheme, host, port, _rebuilt(parts, host, port), literal)


def read_host(text: str) -> tuple[str, str]:
    """The host as it is asked for, and its IP address if it is one; raises BadTarget.

    Numbers are read as `inet_aton` reads them (`127.1`, `0x7f.1`, `2130706433`), after compatibility
    characters such as fullwidth digits are made plain: so one judges what would be dialled.
    """
    if ":" in text:
        return _ipv6(text)
    host = _plain(unquote(text)).lower()
    bare = host.rstrip(".") if host.endswith(".") else host
    if _NUMBER_AT_END.fullmatch(bare) and _NUMERIC.fullmatch(bare):
        try:
            address = socket.inet_ntoa(socket.inet_aton(bare))
        except OSError as error:
            raise BadTarget(Reason.NAME_NOT_FOUND, f"{text!r} is neither an address nor a name") from error
        return address, address
    if not _NAME.fullmatch(host) or len(bare) > _NAME_MAX:
        raise BadTarget(Reason.NAME_NOT_FOUND, f"{text!r} is no host name")
    return host, ""


def _ipv6(text: str) -> tuple[str, str]:
    """Read an IPv6 address; its zone is dropped, for only link-local addresses need one."""
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0]).compressed
    except ValueError as error:
        raise BadTarget(Reason.NAME_NOT_FOUND, f"{text!r} is no IPv6 address") from error
    return address, address


def _plain(host: str) -> str:
    """An international name in ASCII (IDNA 2008 with the mapping of UTS 46); raises BadTarget."""
    if host.isascii():
        return host
    mapped = unicodedata.normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    if mapped.isascii():
        return mapped
    try:
        return idna.encode(mapped, uts46=True).decode("ascii")
    except ValueError as error:
        raise BadTarget(Reason.NAME_NOT_FOUND, f"{host!r} is no host name: {error}") from error


def _rebuilt(parts: SplitResult, host: str, port: int) -> str:
    where = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        where = f"{where}:{port}"
    path = parts.path or "/"
    asked = f"{path}?{parts.query}" if parts.query else path
    if _UNSAFE.search(asked):
        asked = quote(asked, safe=_SAFE)
    return f"{parts.scheme}://{where}{asked}"
