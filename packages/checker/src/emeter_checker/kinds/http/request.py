"""What is asked: one monitor's settings, made ready for libcurl once and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emeter_checker.kinds.addresses import FAMILIES
from emeter_checker.kinds.host import BadTarget
from emeter_checker.kinds.http.target import Target, read_target
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_core.outcome import Reason

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BODYLESS = frozenset({"GET", "HEAD"})
KEPT_FOR_EVIDENCE = 2048

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: to a target, with fields of the user's own and the body, which no `repr` shows."""

    method: str
    target: Target
    fields: Fields = field(repr=False)
    body: bytes = field(repr=False)
    lines: Sequence[bytes] = field(repr=False)
    """The header lines for libcurl; the same object as long as they are the same."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One version of a monitor, ready to be checked."""

    request: Request
    codes: frozenset[int]
    followed: frozenset[int]
    """The codes that are followed: none of those expected, none at all if no redirect may be."""
    max_redirects: int
    family: int
    verify: bool
    body_cap: int
    kept: int
    """Bytes of a body that are kept: what evidence is made of."""
    keyword: str
    keyword_absent: bool


def prepare(spec: CheckSpec) -> Prepared:
    """Make a spec ready; raises BadTarget where its URL cannot be asked."""
    settings = spec.settings
    if not isinstance(settings, HttpSettings):
        raise TypeError(f"monitor {spec.monitor_id} has the settings of another kind")
    try:
        target = read_target(spec.target)
    except BadTarget as bad:
        # What would be a bad redirect is here a target that should never have been saved.
        reason = Reason.NOT_CHECKED if bad.reason is Reason.REDIRECT_INVALID else bad.reason
        raise BadTarget(reason, str(bad)) from bad
    codes = settings.codes.codes
    return Prepared(
        request=make_request(str(settings.method), target, settings.headers, settings.body.encode()),
        codes=codes,
        followed=REDIRECTS - codes if settings.max_redirects else frozenset(),
        max_redirects=settings.max_redirects,
        family=FAMILIES[settings.ip_family],
        verify=settings.verify_tls,
        body_cap=settings.body_cap,
        kept=min(settings.body_cap, KEPT_FOR_EVIDENCE),
        keyword=settings.keyword,
        keyword_absent=settings.keyword_absent,
    )


def make_request(method: str, target: Target, fields: Fields, body: bytes) -> Request:
    """Put a request together, its header lines with what we add: the codings that we can undo."""
    names = {name.lower() for name, _ in fields}
    lines = [_line(name, value) for name, value in fields]
    if "accept-encoding" not in names:
        lines.append(b"Accept-Encoding: gzip, deflate")
    if method not in _BODYLESS and "content-type" not in names:
        # libcurl would call every body a form.
        lines.append(b"Content-Type:")
    return Request(method, target, fields, body, _PLAIN if lines == _PLAIN else lines)


def _line(name: str, value: str) -> bytes:
    """A header line as libcurl takes it: with a semicolon it is sent empty, with a colon not at all."""
    return f"{name}: {value}".encode() if value.strip() else f"{name};".encode()


# One object for the many requests without fields of their own: the pool need not set them again.
_PLAIN = [b"Accept-Encoding: gzip, deflate"]
