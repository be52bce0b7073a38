"""Redirects: followed by us, each hop vetted, nothing carried where it does not belong."""

import ipaddress
import re
import threading

import pytest

from emeter_checker.guard import AddressGuard
from emeter_core.outcome import Condition, Reason

AWAY = b"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
HERE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"


def _countdown(connection, request) -> None:
    """`/3` leads to `/2`, and so on to `/0`, which is there."""
    left = int(re.match(rb"\w+ /(\d+)", request)[1])
    connection.sendall(AWAY % (302, b"/%d" % (left - 1)) if left else HERE)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(checker, serve, code) -> None:
    site = serve(
        lambda connection, request: connection.sendall(HERE if b"/b" in request[:8] else AWAY % (code, b"/b"))
    )
    outcome = checker.check(f"http://127.0.0.1:{site.port}/a", keyword="here")
    assert (outcome.reason, outcome.code) == (Reason.OK, 200)


@pytest.mark.parametrize(("hops", "reason"), [(3, Reason.OK), (4, Reason.TOO_MANY_REDIRECTS)])
def test_the_limit_is_exact(checker, serve, hops, reason) -> None:
    site = serve(_countdown)
    outcome = checker.check(f"http://127.0.0.1:{site.port}/{hops}", max_redirects=3)
    assert outcome.reason is reason
    assert len(site.requests) == 4


def test_a_loop_ends(checker, serve) -> None:
    site = serve(AWAY % (302, b"/"))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/")
    assert outcome.reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.requests) == 11
    assert len(outcome.evidence["redirects"]) == 10


def test_without_redirects_the_code_is_judged(checker, serve) -> None:
    site = serve(AWAY % (302, b"/"))
    url = f"http://127.0.0.1:{site.port}/"
    assert checker.check(url, max_redirects=0).reason is Reason.UNEXPECTED_CODE
    assert checker.check(url, max_redirects=0, expected_codes="302").reason is Reason.OK


def test_an_expected_redirect_is_the_answer(checker, serve) -> None:
    site = serve(AWAY % (301, b"http://127.0.0.1:1/"))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/", expected_codes="200-299,301")
    assert (outcome.reason, outcome.code) == (Reason.OK, 301)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (b"http://169.254.169.254/latest", Reason.ADDRESS_BLOCKED),
        (b"http://[fe80::1]/", Reason.ADDRESS_BLOCKED),
        (b"//0x0.0.0.1/", Reason.ADDRESS_BLOCKED),
        (b"http://%31%36%39.254.169.254/", Reason.ADDRESS_BLOCKED),
        (b"file:///etc/passwd", Reason.SCHEME_BLOCKED),
        (b"gopher://127.0.0.1/", Reason.SCHEME_BLOCKED),
        (b"javascript:alert(1)", Reason.SCHEME_BLOCKED),
        (b"", Reason.REDIRECT_INVALID),
        (b"http://user:pass@127.0.0.1/", Reason.REDIRECT_INVALID),
        (b"http://127.0.0.1:99999/", Reason.REDIRECT_INVALID),
        (b"http://[::1/", Reason.REDIRECT_INVALID),
        (b"https:///path", Reason.NAME_NOT_FOUND),
        (b"/" + b"x" * 4000, Reason.REDIRECT_INVALID),
    ],
)
def test_a_redirect_that_must_not_be_followed(checker, serve, location, reason) -> None:
    site = serve(AWAY % (302, location))
    outcome = checker.check(f"http://127.0.0.1:{site.port}/")
    assert outcome.reason is reason
    assert len(site.requests) == 1


def test_a_redirect_into_a_private_network_is_blocked_not_down(make_checker, serve, dns) -> None:
    # The guard lets the name through by its address, and stops the hop to a neighbour.

    target = serve()
    site = serve(AWAY % (302, b"http://127.0.0.2:%d/" % target.port))
    guard = AddressGuard([ipaddress.ip_network("127.0.0.1/32")])
    outcome = make_checker(guard=guard).check(f"http://127.0.0.1:{site.port}/")
    assert (outcome.reason, outcome.condition) == (Reason.ADDRESS_BLOCKED, Condition.BLOCKED)
    assert target.requests == []


def test_a_redirect_without_location(checker, serve) -> None:
    site = serve(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n")
    assert checker.check(f"http://127.0.0.1:{site.port}/").reason is Reason.REDIRECT_INVALID


SECRETS = (("Authorization", "Bearer abcdefgh"), ("Cookie", "a=bcdefgh"), ("X-Api-Key", "12345678"))


def test_headers_stay_on_the_same_origin(checker, serve) -> None:
    site = serve(_countdown)
    checker.check(f"http://127.0.0.1:{site.port}/1", headers=SECRETS)
    for name, value in SECRETS:
        assert f"{name}: {value}".encode() in site.requests[1]


def test_headers_and_body_are_dropped_on_a_change_of_origin(checker, serve) -> None:
    other = serve(HERE)
    site = serve(AWAY % (307, b"http://127.0.0.1:%d/" % other.port))
    outcome = checker.check(
        f"http://127.0.0.1:{site.port}/", method="POST", headers=SECRETS, body="secret body"
    )
    assert outcome.reason is Reason.OK
    assert b"secret body" in site.requests[0]
    for _, value in (*SECRETS, ("", "secret body")):
        assert value.encode() not in other.requests[0]


@pytest.mark.parametrize(
    ("method", "code", "then"),
    [
        ("POST", 303, "GET"),
        ("POST", 302, "GET"),
        ("POST", 301, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 303, "GET"),
        ("PUT", 302, "PUT"),
        ("HEAD", 303, "HEAD"),
    ],
)
def test_what_the_method_becomes(checker, serve, method, code, then) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n"
    site = serve(
        lambda link, request: link.sendall(answer if b" /b " in request[:9] else AWAY % (code, b"/b"))
    )
    body = "" if method == "HEAD" else "the body"
    checker.check(f"http://127.0.0.1:{site.port}/", method=method, body=body)
    head, _, sent = site.requests[1].partition(b"\r\n\r\n")
    assert head.startswith(then.encode())
    assert sent == (b"the body" if then in {"POST", "PUT"} else b"")


def test_the_deadline_covers_all_redirects(checker, serve, monotonic) -> None:
    over = threading.Event()

    def slowly(connection, request) -> None:
        over.wait(0.15)
        _countdown(connection, request)

    site = serve(slowly)
    started = monotonic()
    outcome = checker.check(f"http://127.0.0.1:{site.port}/9", timeout=0.5)
    over.set()
    assert outcome.reason is Reason.TIMEOUT
    assert monotonic() - started < 1.5
    assert 2 <= len(site.requests) <= 4


def test_the_body_of_a_redirect_is_not_waited_for(checker, serve) -> None:
    over = threading.Event()

    def endless(connection, request) -> None:
        if b" /b " in request[:9]:
            connection.sendall(HERE)
            return
        connection.sendall(b"HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 9999\r\n\r\nx")
        over.wait(20)

    outcome = checker.check(f"http://127.0.0.1:{serve(endless).port}/")
    over.set()
    assert outcome.reason is Reason.OK


def test_phases_are_summed_over_redirects(checker, serve) -> None:
    over = threading.Event()

    def slowly(connection, request) -> None:
        over.wait(0.1)
        _countdown(connection, request)

    outcome = checker.check(f"http://127.0.0.1:{serve(slowly).port}/2")
    over.set()
    assert outcome.phases.wait > 280_000
