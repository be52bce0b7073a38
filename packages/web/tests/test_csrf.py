"""Nothing changes by a request that is not from our pages (reliability.md, R17)."""

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from permission_site import Site
from permission_world import ANONYMOUS, path_to

from emeter_core.settings import Settings
from emeter_web.router import GROUPS
from emeter_web.routes import SAFE_METHODS, Route
from emeter_web.user_auth import capability, require_authenticated_user

ROUTES = [(group, route) for group in GROUPS for route in group.routes]
WRITING = [
    route for group, route in ROUTES if route.method not in SAFE_METHODS and group.guard is not capability
]
FORM = "application/x-www-form-urlencoded"
OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

# What is wrong with a request; `body` is sent with a valid token in it where it says {token}.
FORGERIES: dict[str, dict[str, str]] = {
    "without a token": {},
    "with a token that is none": {"body": "_csrf_token=x"},
    "with an empty token": {"body": "_csrf_token="},
    "with a token in the query alone": {"query": "_csrf_token={token}"},
    "from another origin": {"body": "_csrf_token={token}", "Origin": "https://evil.example"},
    "from an origin that begins as ours": {
        "body": "_csrf_token={token}",
        "Origin": "http://localhost.evil.example",
    },
    "from the same host by another scheme": {"body": "_csrf_token={token}", "Origin": "ftp://localhost"},
    "from another port": {"body": "_csrf_token={token}", "Origin": "http://localhost:81"},
    "from an origin that is hidden": {"body": "_csrf_token={token}", "Origin": "null"},
    "from an origin that is none": {"body": "_csrf_token={token}", "Origin": "http://[localhost"},
    "from another site": {"body": "_csrf_token={token}", "Sec-Fetch-Site": "cross-site"},
    "from a neighbour": {"body": "_csrf_token={token}", "Sec-Fetch-Site": "same-site"},
    "as plain text": {"body": "_csrf_token={token}", "Content-Type": "text/plain"},
    "as JSON in plain text": {"body": '{{"_csrf_token": "{token}"}}', "Content-Type": "text/plain"},
    "as JSON": {"body": '{{"_csrf_token": "{token}"}}', "Content-Type": "application/json"},
    "as nothing": {"body": "_csrf_token={token}", "Content-Type": ""},
}


def sent(browser, site: Site, who: str, forgery: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Each route that writes, asked by its own method and as browsers' forms do; with what came of it."""
    token = browser.csrf_token()
    headers = {"Content-Type": FORM} | {name: value for name, value in forgery.items() if name.istitle()}
    body, query = (forgery.get(part, "").format(token=token) for part in ("body", "query"))
    for route in WRITING:
        path = path_to(route.path, site.world, who)
        by_form = f"{body}&_method={route.method}" if headers["Content-Type"] == FORM else body
        for method, data in ((route.method, body), ("POST", by_form)):
            answer = browser.open(path, method=method, data=data, headers=headers, query_string=query or None)
            # Where the form cannot say which method it means, it means POST.
            if answer.status_code == 405 and (method, data) == ("POST", body):
                continue
            yield f"{method} {route}", answer.status_code


@pytest.mark.parametrize("forgery", FORGERIES)
def test_r17_no_route_takes_a_forgery(site: Site, forgery: str) -> None:
    for who in (ANONYMOUS, "owner"):
        browser = site.browser(who)
        answers = dict(sent(browser, site, who, FORGERIES[forgery]))
        assert len(answers) >= len(WRITING)
        assert {each: status for each, status in answers.items() if status != 403} == {}
        assert not site.changed()
        assert browser.get("/users/settings").status_code == (302 if who == ANONYMOUS else 200)


def test_r17_from_our_own_pages_each_of_them_is_taken(site: Site) -> None:
    """Else what is refused above would prove nothing."""
    for route in WRITING:
        browser = site.browser("owner")
        headers = OURS | {"X-CSRF-Token": browser.csrf_token()}
        answer = browser.open(path_to(route.path, site.world, "owner"), method=route.method, headers=headers)
        site.changed()  # and made good
        assert answer.status_code != 403, route


def test_every_url_that_writes_is_in_the_table(app: Flask) -> None:
    mounted = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - SAFE_METHODS
    }
    assert mounted == {(route.method, route.path) for _, route in ROUTES if route.method not in SAFE_METHODS}


def test_x12_what_is_sent_by_nobody_changes_nothing_and_is_not_come_back_to(site: Site) -> None:
    """All routes that write for those who are signed in."""
    browser = site.browser(ANONYMOUS)
    browser.get("/users/settings?tab=2")
    headers = {"X-CSRF-Token": browser.csrf_token()}
    closed: list[Route] = [
        route for group, route in ROUTES if route in WRITING and group.guard is require_authenticated_user
    ]
    for route in closed:
        answer = browser.open(
            path_to(route.path, site.world, ANONYMOUS), method=route.method, headers=headers
        )
        assert (answer.status_code, answer.location) == (302, "/users/log_in"), route

    assert not site.changed()
    assert browser.session_items()["user_return_to"] == "/users/settings?tab=2"


def test_x15_without_a_token_nobody_registers(site: Site) -> None:
    fields = {"email": "a@example.com", "password": "hello world!"}
    answer = site.browser(ANONYMOUS).post("/users/register", data=fields)

    assert answer.status_code == 403
    assert "Nothing was changed." in answer.text
    assert not site.changed()


def test_a_refusal_is_one_line_in_the_log(client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert client.post("/users/register", data={"email": "a@example.com"}).status_code == 403
    [refused] = [each for each in caplog.records if each.message == "Requests were refused as forged"]
    assert refused.fields == {"requests": "The CSRF token is missing: 1", "last_from": "127.0.0.1"}  # type: ignore[attr-defined]


def test_the_token_of_a_page_is_good_on_that_page(client) -> None:
    form = client.page("/users/register").find("form", class_="form")
    token = form.find("input", {"name": "_csrf_token"})["value"]
    data = {"_csrf_token": token, "email": "dora@example.com", "password": "a word of dora's"}

    assert client.post("/users/register", data=data).status_code == 302


def test_the_token_may_come_in_a_header(signed_in) -> None:
    token = signed_in.page("/users/settings").find("meta", {"name": "csrf-token"})["content"]
    assert signed_in.delete("/users/log_out", headers={"X-CSRF-Token": token}).status_code == 302


def test_the_token_of_another_browser_is_none(client, signed_in) -> None:
    assert signed_in.post("/settings/theme", data={"_csrf_token": client.csrf_token()}).status_code == 403


def test_the_token_of_an_older_session_is_none(client, user) -> None:
    token = client.csrf_token()
    client.log_in()
    assert client.post("/settings/theme", data={"_csrf_token": token}).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://localhost", 302),
        ("https://meter.example", 302),
        ("http://meter.example", 403),
        ("null", 403),
    ],
)
def test_our_own_origins_are_the_host_that_was_asked_and_the_base_url(
    make_app: Callable[[Settings], Flask], settings: Settings, origin: str, status: int
) -> None:
    app = make_app(settings.model_copy(update={"base_url": "https://meter.example"}))
    client = app.test_client()
    headers = {"Origin": origin, "X-CSRF-Token": client.csrf_token(), "Sec-Fetch-Site": "same-origin"}
    # Cookies of https are not sent by http.
    answer = client.post("/settings/theme", headers=headers, base_url="https://localhost")
    assert answer.status_code == status
