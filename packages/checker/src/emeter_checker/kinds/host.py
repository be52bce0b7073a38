"""A host, read once, by one parser: the address that it is, or the name that is looked up."""

import ipaddress
import re
import socket
import unicodedata
from urllib.parse import unquote

import idna

from emeter_core.outcome import Reason

_NAME_MAX = 253
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII)
_NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_NUMERIC = re.compile(r"[0-9a-fx.]+", re.ASCII)


class BadTarget(ValueError):  # noqa: N818 - it is the target that is bad, and a value more than an error
    """A URL that no check may follow; `reason` says why."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


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
