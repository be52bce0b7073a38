"""Whose request it is (reliability.md, R7)."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest
import redis
from flask import Flask, request

from emeter_core.settings import Settings
from emeter_web import limit_keys
from emeter_web.limits import Limit
from emeter_web.proxies import client_address
from emeter_web.routes import ANYBODY, Group, get, mount, post
from emeter_web.user_auth import capability

PEER = "192.0.2.1"
NAMES = [
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Via",
]

Headers = dict[str, str] | list[tuple[str, str]]


def whoami() -> str:
    return f"{client_address()} {request.scheme} {request.host}"


@pytest.fixture
def ask(make_app: Callable[[Settings], Flask], settings: Settings) -> Callable[..., str]:
    """What the application takes a request for, behind so many proxies."""
    browsers = {}

    def asked(trusted: int, headers: Headers, peer: str = PEER) -> str:
        if trusted not in browsers:
            app = make_app(settings.model_copy(update={"trusted_proxies": trusted}))
            mount(app, Group(capability, (get("/test/whoami", whoami, ANYBODY),)))
            browsers[trusted] = app.test_client()
        return browsers[trusted].get("/test/whoami", headers=headers, environ_base={"REMOTE_ADDR": peer}).text

    return asked


def claims(random: Random) -> list[tuple[str, str]]:
    """Headers in which a client says who it is: any of them, repeated, in any case, with ports or without."""
    lines = []
    for _ in range(random.randint(1, 5)):
        name = random.choice([*NAMES, "x-forwarded-for", "X-FORWARDED-FOR", "X_Forwarded_For"])
        told = [claimed(random) for _ in range(random.randint(0, 3))]
        if name == "Forwarded":
            told = [f'for="{each}";proto=https;host=evil.example' for each in told]
        lines.append((name, random.choice([",", ", ", " ,\t"]).join(told)))
    return lines


def claimed(random: Random) -> str:
    ipv4, ipv6 = IPv4Address(random.getrandbits(32)), IPv6Address(random.getrandbits(128))
    port = random.randint(1, 65535)
    forms = (ipv4, ipv6, f"{ipv4}:{port}", f"[{ipv6}]", f"[{ipv6}]:{port}", f"::ffff:{ipv4}", "127.0.0.1")
    return str(random.choice([*forms, "unknown", "", "_hidden", "localhost", f"{ipv4} ", "fe80::1%eth0"]))


def test_r7_1000_claims_without_trusted_proxies_make_no_new_count(app, redis_url: str) -> None:
    """What flask-limiter counts by address is counted for the peer of the connection alone."""
    limit, random = Limit("2000 per 5 minutes", "test", limit_keys.address), Random(7)
    mount(app, Group(capability, (post("/test/counted", whoami, ANYBODY, limit),)))
    browser = app.test_client()
    for _ in range(1000):
        headers = claims(random)
        answer = browser.post("/test/counted", headers=headers, environ_base={"REMOTE_ADDR": PEER})
        assert answer.text == f"{PEER} http localhost", headers

    with redis.Redis.from_url(redis_url) as counters:
        (key,) = counters.keys("*/test/*")
        assert PEER.encode() in key
        assert int(counters.get(key)) == 1000


@pytest.mark.parametrize("trusted", [1, 2])
def test_r7_of_generated_claims_the_right_most_that_is_not_ours_counts(ask, trusted: int) -> None:
    """What a client says stands before what our proxies add, in the same line or in one of its own."""
    random, ours = Random(trusted), ["198.51.100.1", "198.51.100.2"][-trusted:]
    for _ in range(150):
        said = claims(random)
        if random.random() < 0.5:
            added = [("X-Forwarded-For", ", ".join([claimed(random), *ours]))]
        else:
            added = [("X-Forwarded-For", each) for each in ours]
        assert ask(trusted, [*said, *added]) == f"{ours[0]} http localhost", said


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 198.51.100.2", "198.51.100.1"),
        (2, "198.51.100.2", PEER),  # fewer than there should be: somebody came past a proxy
        (1, "198.51.100.1:4711", "198.51.100.1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "unknown", "None"),
        (1, "", PEER),
    ],
)
def test_r7_the_right_most_that_is_not_ours_counts(ask, trusted: int, forwarded: str, address: str) -> None:
    assert ask(trusted, {"X-Forwarded-For": forwarded}).split()[0] == address


def test_the_scheme_is_believed_and_the_host_is_not(ask) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "99"}
    assert ask(1, headers) == f"{PEER} https localhost"
    assert ask(0, headers) == f"{PEER} http localhost"


@pytest.mark.parametrize("peer", ["", "not an address"])
def test_an_address_that_is_none_is_none(ask, peer: str) -> None:
    assert ask(0, {}, peer).split()[0] == "None"
