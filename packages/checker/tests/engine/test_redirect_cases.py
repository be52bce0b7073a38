"""R29: redirects are followed, stripped or refused; what a request carries stays with its origin."""

import ssl
from typing import NamedTuple

import pytest

from emeter_core.outcome import Reason

FIELDS = (("Authorization", "Bearer abcdefgh"), ("Cookie", "a=bcdefgh"), ("X-Api-Key", "12345678"))
BODY = "the body that was sent"
AWAY = b"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
HERE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"


class Case(NamedTuple):
    """From `start` to `location`; what is `kept` of the user's fields and body at the end, or the reason."""

    location: str
    kept: str = "fields body"
    code: int = 307
    method: str = "POST"
    start: str = "http://127.0.0.1:{a}/go"
    reason: Reason = Reason.OK


ALL, NONE = "fields body", ""

CASES = {
    # The same origin, however it is written.
    "a path": Case("/x"),
    "a relative path": Case("x"),
    "a path upwards": Case("../../x"),
    "a query": Case("?go=1"),
    "a fragment": Case("/x#go"),
    "an absolute URL": Case("http://127.0.0.1:{a}/x"),
    "without a scheme": Case("//127.0.0.1:{a}/x"),
    "a scheme in capitals": Case("HTTP://127.0.0.1:{a}/x"),
    "another spelling of the address": Case("http://127.1:{a}/x"),
    "a name in capitals": Case("http://WEB.TEST:{a}/x", start="http://web.test:{a}/go"),
    "a name with a dot": Case("http://web.test.:{a}/x", start="http://web.test:{a}/go"),
    "an empty host": Case("http:///x"),
    "spaces in the path": Case("/x y z"),
    "the same by TLS": Case("https://127.0.0.1:{t}/x", start="https://127.0.0.1:{t}/go"),
    # The same origin, another method: the body goes, fields about it too.
    "303 of a POST": Case("/x", "fields", 303),
    "302 of a POST": Case("/x", "fields", 302),
    "301 of a POST": Case("/x", "fields", 301),
    "308 of a POST": Case("/x", ALL, 308),
    "302 of a PUT": Case("/x", ALL, 302, "PUT"),
    "303 of a DELETE": Case("/x", "fields", 303, "DELETE"),
    "301 of a GET": Case("/x", "fields", 301, "GET"),
    # Another origin: nothing goes along.
    "another port": Case("http://127.0.0.1:{b}/x", NONE),
    "another port, GET": Case("http://127.0.0.1:{b}/x", NONE, 302, "GET"),
    "another address": Case("http://127.0.0.2:{c}/x", NONE),
    "another name": Case("http://other.test:{a}/x", NONE, start="http://web.test:{a}/go"),
    "a name below": Case("http://deep.web.test:{a}/x", NONE, start="http://web.test:{a}/go"),
    "a name above": Case("http://web.test:{a}/x", NONE, start="http://deep.web.test:{a}/go"),
    "the name of the address": Case("http://web.test:{a}/x", NONE),
    "the address of the name": Case("http://127.0.0.1:{a}/x", NONE, start="http://web.test:{a}/go"),
    "another port without a scheme": Case("//127.0.0.1:{b}/x", NONE),
    "to TLS": Case("https://127.0.0.1:{t}/x", NONE),
    "from TLS": Case("http://127.0.0.1:{a}/x", NONE, start="https://127.0.0.1:{t}/go"),
    "away and back": Case("http://127.0.0.1:{b}/back", NONE),
    "308 to another port": Case("http://127.0.0.1:{b}/x", NONE, 308),
    "303 to another port": Case("http://127.0.0.1:{b}/x", NONE, 303),
    # None is followed.
    "with a user": Case("http://me@127.0.0.1:{a}/x", reason=Reason.REDIRECT_INVALID),
    "with a user and a password": Case("http://me:pass@127.0.0.1:{a}/x", reason=Reason.REDIRECT_INVALID),
    "a user that looks like a host": Case(
        "http://web.test\\@127.0.0.1:{a}/x", reason=Reason.REDIRECT_INVALID
    ),
    "a forbidden address": Case("http://169.254.169.254/x", reason=Reason.ADDRESS_BLOCKED),
    "a forbidden address, mapped": Case("http://[::ffff:169.254.169.254]/x", reason=Reason.ADDRESS_BLOCKED),
    "a forbidden address by name": Case("http://bad.test/x", reason=Reason.ADDRESS_BLOCKED),
    "another scheme": Case("ftp://127.0.0.1:{a}/x", reason=Reason.SCHEME_BLOCKED),
    "a file": Case("file:///etc/passwd", reason=Reason.SCHEME_BLOCKED),
    "a script": Case("javascript:alert(1)", reason=Reason.SCHEME_BLOCKED),
    "a bad port": Case("http://127.0.0.1:0/x", reason=Reason.REDIRECT_INVALID),
    "no host": Case("https:///x", reason=Reason.NAME_NOT_FOUND),
    "nothing": Case("", reason=Reason.REDIRECT_INVALID),
    "more than two thousand characters": Case("/" + "x" * 2048, reason=Reason.REDIRECT_INVALID),
}


def request_parts(request: bytes) -> set[str]:
    """What of the user's own is in a request."""
    kept = [value.encode() in request for _, value in FIELDS]
    assert len(set(kept)) == 1, request
    return ({"fields"} if kept[0] else set()) | ({"body"} if BODY.encode() in request else set())


@pytest.mark.parametrize("name", CASES)
def test_what_is_followed_and_what_goes_along(checker, serve, dns, authority, name: str) -> None:
    case = CASES[name]
    places: dict[str, str] = {}

    def respond(connection, request: bytes) -> None:
        path = request.split(b" ", 2)[1]
        if path == b"/go":
            connection.sendall(AWAY % (case.code, case.location.format(**places).encode()))
        elif path == b"/back":
            connection.sendall(AWAY % (case.code, "http://127.0.0.1:{a}/x".format(**places).encode()))
        else:
            connection.sendall(HERE)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    sites = {
        "a": serve(respond),
        "b": serve(respond),
        "c": serve(respond, address="127.0.0.2"),
        "t": serve(respond, tls=context),
    }
    places |= {letter: str(site.port) for letter, site in sites.items()}
    dns.names.update({name: ["127.0.0.1"] for name in ("web.test", "other.test", "deep.web.test")})
    dns.names["bad.test"] = ["127.0.0.1", "169.254.169.254"]
    outcome = checker.check(
        case.start.format(**places),
        method=case.method,
        headers=FIELDS,
        body=BODY if case.method != "GET" else "",
        keyword="here",
    )
    requests = [request for site in sites.values() for request in site.requests]
    assert outcome.reason is case.reason
    first = next(request for request in requests if request.split(b" ", 2)[1] == b"/go")
    others = [request for request in requests if request is not first]
    assert request_parts(first) == {"fields"} | ({"body"} if case.method != "GET" else set())
    if case.reason is not Reason.OK:
        assert others == []
        return
    assert {frozenset(request_parts(request)) for request in others} == {frozenset(case.kept.split())}


def test_there_are_forty_cases() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("limit", [1, 5, 10, 20])
@pytest.mark.parametrize("over", [0, 1])
def test_limits_are_exact(checker, serve, limit: int, over: int) -> None:
    def countdown(connection, request: bytes) -> None:
        left = int(request.split(b" ", 2)[1][1:])
        connection.sendall(AWAY % (302, b"/%d" % (left - 1)) if left else HERE)

    site = serve(countdown)
    outcome = checker.check(f"http://127.0.0.1:{site.port}/{limit + over}", max_redirects=limit)
    assert outcome.reason is (Reason.TOO_MANY_REDIRECTS if over else Reason.OK)
    assert len(site.requests) == limit + 1
