"""Hosts and ports as people type them, whatever the kind."""

import re
from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from emeter_core.characters import has_controls
from emeter_core.monitors.kinds.base import KindSettings
from emeter_core.monitors.kinds.sizes import KIBIBYTE, within

MAX_URL = 2 * KIBIBYTE
_PORT_MAX = 65535
# The dots of IDNA, RFC 3490 section 3.1, and the longest name between two, RFC 1035.
_DOTS = re.compile("[.\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}]")
_MAX_LABEL = 63


class IpFamily(StrEnum):
    """Which addresses of a name are dialled."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class HostSettings(KindSettings):
    """What kinds have in common whose target is a host, with or without a port."""

    ip_family: IpFamily = IpFamily.ANY


def strip_target(text: str) -> str:
    """A target without spaces around it; raises ValueError where it is too long or has others in it."""
    target = text.strip()
    if has_controls(target) or any(map(str.isspace, target)):
        raise ValueError("must not hold spaces or control characters")
    return within(target, most=MAX_URL)


def split_url(url: str) -> SplitResult:
    """Take a URL apart; raises ValueError in plain words where that cannot be done."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"is not a valid URL: {error}") from error
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise ValueError(f"must have a port between 1 and {_PORT_MAX}")
    return parts


def require_labels(host: str) -> None:
    """Raise ValueError where no name server could be asked for `host`; one dot at its end is well."""
    if ":" in host:
        return
    labels = _DOTS.split(host)
    if len(labels) > 1 and not labels[-1]:
        del labels[-1]
    if not all(labels):
        raise ValueError("must name a host without empty parts: two dots follow each other, or one begins it")
    if any(_length(label) > _MAX_LABEL for label in labels):
        raise ValueError(f"must name a host whose parts have at most {_MAX_LABEL} characters each")


def host_and_port(text: str, scheme: str, like: str) -> tuple[str, int | None]:
    """Read `host:port`, `[::1]:port` or a host alone, with or without `scheme://` before it.

    Raises ValueError that names `like` as what it should look like.
    """
    target = strip_target(text)
    given, separator, rest = target.partition("://")
    if separator and given.lower() != scheme:
        raise ValueError(f"must be like {like}: {given}:// is of another kind")
    parts = split_url(f"{scheme}://{_with_brackets(rest if separator else target)}")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        raise ValueError(f"must be like {like}, with nothing else")
    require_labels(parts.hostname)
    return parts.hostname, parts.port


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _with_brackets(text: str) -> str:
    """Put an IPv6 address that stands alone into brackets."""
    with suppress(ValueError):
        return f"[{IPv6Address(text)}]"
    return text


def _length(label: str) -> int:
    """The characters of a part of a host as name servers know it; of one that is too long as it is typed."""
    is_told = label.isascii() or len(label) > _MAX_LABEL  # Punycode never shortens, and takes its time.
    return len(label) if is_told else len("xn--" + label.encode("punycode").decode("ascii"))
