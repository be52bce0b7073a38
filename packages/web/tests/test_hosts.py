"""Pages answer for the host of BASE_URL and for this machine: not for a name that somebody had lead here."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from permission_site import Site
from permission_world import ANONYMOUS, path_to
from werkzeug.test import EnvironBuilder

from emeter_core.settings import Settings
from emeter_web.hosts import is_our_origin
from emeter_web.router import GROUPS
from emeter_web.user_auth import capability

EVIL = "http://evil.example:8000"
READING = [route for group in GROUPS for route in group.routes if group.guard is not capability]


@pytest.fixture
def at(make_app: Callable[[Settings], Flask], settings: Settings) -> Callable[..., Flask]:
    """The application with another BASE_URL."""
    return lambda base_url: make_app(settings.model_copy(update={"base_url": base_url}))


def test_a_name_that_somebody_had_lead_here_gets_nothing(site: Site, count_queries) -> None:
    """DNS rebinding: to the browser that page and ours are one, and its requests are same-origin."""
    owner = site.browser("owner")
    headers = {"Origin": EVIL, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": owner.csrf_token()}
    cookie = "; ".join(f"{each.key}={each.value}" for each in owner._cookies.values())
    with count_queries() as queries:
        for who in (ANONYMOUS, "owner"):
            for route in READING:
                sent = headers | ({"Cookie": cookie} if who == "owner" else {})
                path = path_to(route.path, site.world, who)
                answer = site.browser(ANONYMOUS).open(path, method=route.method, base_url=EVIL, headers=sent)
                assert answer.status_code == 421, route
                assert "Cookie" not in answer.vary, route
                assert "Set-Cookie" not in answer.headers, route
                assert answer.headers["Cache-Control"] == "no-store", route
                assert "script-src 'nonce-" in answer.headers["Content-Security-Policy"], route
    assert len(queries) == 0, queries
    assert not site.changed()


def test_it_cannot_register_and_is_told_what_to_set(client) -> None:
    answer = client.post("/users/register", base_url=EVIL, data={"email": "a@b", "password": "hello world!"})
    assert answer.status_code == 421
    told = BeautifulSoup(answer.text, "html.parser").main
    assert "Set BASE_URL to the address that people type" in told.text
    assert "evil" not in answer.text
    assert client.get("/nowhere", base_url=EVIL).status_code == 421


def test_what_reads_no_cookie_answers_by_any_name(client) -> None:
    """Load balancers ask by whatever name they have."""
    style = BeautifulSoup(client.get("/").text, "html.parser").find("link", rel="stylesheet")["href"]
    assert client.get(style, base_url=EVIL).status_code == 200
    assert client.get("/healthz", base_url=EVIL).status_code == 503  # nothing but the web runs in tests


@pytest.mark.parametrize(
    ("base_url", "host", "status"),
    [
        ("http://localhost:8000", "localhost", 200),
        ("http://localhost:8000", "LOCALHOST:9999", 200),
        ("http://localhost:8000", "localhost.:8000", 200),
        ("http://localhost:8000", "meter.localhost", 200),
        ("http://localhost:8000", "127.0.0.1:8000", 200),
        ("http://localhost:8000", "192.0.2.7", 200),
        ("http://localhost:8000", "[::1]:8000", 200),
        ("http://localhost:8000", "[2001:db8::7]", 200),
        ("http://localhost:8000", "localhost.evil.example", 421),
        ("http://localhost:8000", "evillocalhost", 421),
        ("http://localhost:8000", "127.0.0.1.evil.example", 421),
        ("http://localhost:8000", "2130706433", 421),
        ("http://localhost:8000", "[::1", 421),
        ("http://localhost:8000", "a b", 421),
        ("http://localhost:8000", "", 421),
        ("https://meter.example", "meter.example", 200),
        ("https://meter.example", "Meter.Example:8443", 200),
        ("https://meter.example", "127.0.0.1", 200),
        ("https://meter.example", "other.example", 421),
        ("https://meter.example", "www.meter.example", 421),
        ("https://Müller.example", "xn--mller-kva.example", 200),
    ],
)
def test_our_names_are_that_of_base_url_and_those_of_this_machine(
    at, base_url: str, host: str, status: int
) -> None:
    answer = at(base_url).test_client().get("/users/log_in", headers={"Host": host})
    assert answer.status_code == status


# The origin, and whether it is ours by the host that was asked.
ORIGINS = [
    ("http://localhost:8000", "http://localhost:8000", "localhost:8000", True),
    ("http://localhost:8000", "http://127.0.0.1:8000", "127.0.0.1:8000", True),
    ("http://localhost:8000", "http://127.0.0.1:9000", "127.0.0.1:8000", False),
    ("http://localhost:8000", "http://localhost", "localhost:8000", False),
    ("http://localhost", "http://localhost", "localhost:80", True),
    # The proxy before us takes https, and does not say so.
    ("http://localhost:8000", "https://192.0.2.7", "192.0.2.7", True),
    ("https://meter.example", "https://meter.example", "meter.example", True),
    ("https://meter.example", "https://meter.example", "127.0.0.1:8000", True),
    ("https://meter.example:443", "https://meter.example", "meter.example", True),
    ("https://meter.example", "https://localhost:8443", "localhost:8443", True),
    # Where people come by https, nobody on the way may have written the page.
    ("https://meter.example", "http://meter.example", "meter.example", False),
    ("https://meter.example", "http://localhost:8000", "localhost:8000", False),
    ("https://meter.example", "https://meter.example:8443", "meter.example", False),
    ("https://meter.example", "https://evil.example", "meter.example", False),
    ("http://localhost:8000", "null", "localhost:8000", False),
    ("http://localhost:8000", "", "localhost:8000", False),
    ("http://localhost:8000", "localhost:8000", "localhost:8000", False),
    ("http://localhost:8000", "file://", "localhost:8000", False),
    ("http://localhost:8000", "ftp://localhost:8000", "localhost:8000", False),
    ("http://localhost:8000", "http://localhost:99999", "localhost:8000", False),
    ("http://localhost:8000", "http://[localhost", "localhost:8000", False),
]


@pytest.mark.parametrize(("base_url", "origin", "host", "is_ours"), ORIGINS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_origin_is_a_scheme_a_host_and_a_port(
    at, scheme: str, base_url: str, origin: str, host: str, *, is_ours: bool
) -> None:
    """By which scheme we were asked does not matter: what proxies say of it may be missing."""
    app = at(base_url)
    request = app.request_class(
        EnvironBuilder(headers={"Host": host}, base_url=f"{scheme}://x").get_environ()
    )
    with app.app_context():
        assert is_our_origin(origin, request) is is_ours
