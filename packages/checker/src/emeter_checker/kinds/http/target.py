"""One URL, read once, by one parser: what is asked, of whom, on which port."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from emeter_checker.kinds.host import BadTarget, read_host
from emeter_core.outcome import Reason

_PORTS = {"http": 80, "https": 443}
_PORT_MAX = 65_535
# Every printable ASCII character stays as it was written; what is quoted already is not quoted again.
_SAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_AUTHORITY = re.compile(r"(?:\[[^\[\]]*:[^\[\]]*\]|[^\[\]:]*)(?::[0-9]*)?", re.ASCII)
_UNSAFE = re.compile(r"[^\x21-\x7e]")


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
    if not _AUTHORITY.fullmatch(parts.netloc):
        # The standard library reads `[::1]x` as ::1; others may not.
        raise BadTarget(Reason.REDIRECT_INVALID, "there are brackets where none belong")
    if port is None:
        port = _PORTS[parts.scheme]
    if not 0 < port <= _PORT_MAX:
        raise BadTarget(Reason.REDIRECT_INVALID, f"{port} is no port")
    host, literal = read_host(parts.hostname or "")
    return Target(parts.scheme, host, port, _rebuilt(parts, host, port), literal)


def _rebuilt(parts: SplitResult, host: str, port: int) -> str:
    where = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        where = f"{where}:{port}"
    path = parts.path or "/"
    asked = f"{path}?{parts.query}" if parts.query else path
    if _UNSAFE.search(asked):
        asked = quote(asked, safe=_SAFE)
    return f"{parts.scheme}://{where}{asked}"
