"""What a redirect asks for. Pure."""

from urllib.parse import quote_from_bytes, urljoin

from emeter_checker.kinds.host import BadTarget
from emeter_checker.kinds.http.request import Fields, Request, make_request
from emeter_checker.kinds.http.target import read_target
from emeter_core.outcome import Reason

_SEE_OTHER = 303
_MAY_TURN_POST = frozenset({301, 302})
# All of printable ASCII: only what cannot stand in a URL is quoted, and nothing twice.
_SAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
MAX_LOCATION = 2048
"""Bytes; as long as a target may be (`emeter_core.monitors.kinds.hosts.MAX_URL`)."""


def follow(request: Request, code: int, locations: list[bytes]) -> Request:
    """The request that a redirect leads to; raises BadTarget where it leads nowhere or where none may go.

    A change of origin drops the fields of the user and the body (RFC 9110 15.4, and what urllib3's
    CVE-2018-20060, CVE-2023-43804 and CVE-2023-45803 taught).
    """
    if len(set(locations)) != 1:
        raise BadTarget(Reason.REDIRECT_INVALID, "no Location" if not locations else "Locations that differ")
    location = locations[0].strip()
    if not location or len(location) > MAX_LOCATION:
        raise BadTarget(Reason.REDIRECT_INVALID, "the Location is empty or too long")
    try:
        url = urljoin(request.target.url, quote_from_bytes(location, safe=_SAFE))
    except ValueError as error:
        raise BadTarget(Reason.REDIRECT_INVALID, f"not a valid Location: {error}") from error
    target = read_target(url)
    method, fields, body = request.method, request.fields, request.body
    if _turns_into_get(method, code):
        method, fields, body = "GET", _without_content(fields), b""
    if target.origin != request.target.origin:
        fields, body = (), b""
    return make_request(method, target, fields, body)


def _turns_into_get(method: str, code: int) -> bool:
    """RFC 9110 15.4.4; 301 and 302 turn a POST, as every browser does (Fetch, HTTP-redirect fetch)."""
    if code == _SEE_OTHER:
        return method not in {"GET", "HEAD"}
    return code in _MAY_TURN_POST and method == "POST"


def _without_content(fields: Fields) -> Fields:
    return tuple(field for field in fields if not field[0].lower().startswith("content-"))
