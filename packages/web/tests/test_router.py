"""The table of routes, and what its guards let through."""

import inspect
import runpy
from pathlib import Path

import pytest
from flask import Flask
from permission_world import path_to

from emeter_core.accounts import Permission, team_itself
from emeter_web import router
from emeter_web.router import GROUPS
from emeter_web.routes import ANYBODY, OWN_ACCOUNT, Group, Needs, RouterError, get
from emeter_web.user_auth import (
    capability,
    public,
    redirect_if_user_is_authenticated,
    require_authenticated_user,
)

ROUTES = [(group.guard, route) for group in GROUPS for route in group.routes]


def some_view() -> str:
    return ""


def test_every_url_has_a_guard_and_says_what_one_needs(app: Flask) -> None:
    routes = app.extensions["emeter_routes"]
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(routes)
    assert {group.guard for group, _ in routes.values()} == {
        capability,
        public,
        redirect_if_user_is_authenticated,
        require_authenticated_user,
    }
    assert {needs for _, needs in routes.values()} == set(Permission) - {Permission.SEE_SECRETS} | {
        ANYBODY,
        OWN_ACCOUNT,
    }


@pytest.mark.parametrize(
    ("line", "without", "name"),
    [
        ("monitor_list.index, Permission.VIEW_TEAM", "monitor_list.index", "GET /monitors"),
        ("settings.show, OWN_ACCOUNT", "settings.show", "GET /users/settings"),
        ("create, ANYBODY, *REGISTRATIONS", "create, *REGISTRATIONS", "POST /users/register"),
        ("alerts.remove, Permission.CHANGE_CHANNELS", 'alerts.remove, "owner"', "DELETE /alerts/<kind>"),
    ],
)
def test_a_route_that_names_no_permission_cannot_be_built(
    tmp_path, line: str, without: str, name: str
) -> None:
    source = Path(router.__file__).read_text()
    assert source.count(line) == 1
    spoilt = tmp_path / "router.py"
    spoilt.write_text(source.replace(line, without))
    with pytest.raises(RouterError, match=f"^{name} names no permission"):
        runpy.run_path(str(spoilt))


@pytest.mark.parametrize(
    ("guard", "needs"),
    [
        (public, Permission.VIEW_TEAM),
        (public, OWN_ACCOUNT),
        (capability, Permission.VIEW_TEAM),
        (redirect_if_user_is_authenticated, OWN_ACCOUNT),
        (require_authenticated_user, ANYBODY),
    ],
)
def test_a_permission_is_asked_of_those_who_are_signed_in(guard, needs: Needs) -> None:
    with pytest.raises(RouterError, match="GET /x needs"):
        Group(guard, (get("/x", some_view, needs),))


def test_what_belongs_to_a_team_says_which() -> None:
    routes = (get("/x/<uuid:public_id>", some_view, Permission.VIEW_TEAM),)
    with pytest.raises(RouterError, match="does not say which"):
        Group(require_authenticated_user, routes)
    assert Group(require_authenticated_user, routes, team_of=team_itself).routes == routes


def test_an_endpoint_is_one_route() -> None:
    endpoints = [route.endpoint for _, route in ROUTES]
    assert sorted(endpoints) == sorted(set(endpoints))


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/users/log_out", "DELETE, OPTIONS"), ("/users/log_in", "GET, HEAD, OPTIONS, POST")],
)
def test_a_wrong_method_is_405_and_tells_the_right_ones(client, path: str, methods: str) -> None:
    answer = client.patch(path, headers={"X-CSRF-Token": client.csrf_token()})

    assert answer.status_code == 405
    assert ", ".join(sorted(answer.allow)) == methods
    assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/users/register/", "//users/settings", "/users//settings", "/monitors/x"],
)
def test_what_is_not_there_is_404(client, path: str) -> None:
    # Else Werkzeug's client takes what follows two slashes for the host.
    assert client.get(path, headers={"Host": "localhost"}).status_code == 404
    assert client.post(path, headers={"Host": "localhost"}).status_code == 404


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("", 200),
        ("*/*", 200),
        ("text/*", 200),
        ("text/html", 200),
        ("TEXT/HTML;level=1", 200),
        ("application/xhtml+xml", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", 200),
        ("application/json, */*;q=0.1", 200),
        ("application/json", 406),
        ("text/plain", 406),
        ("image/png, image/*", 406),
        ("text/html;q=0", 406),
        ("nonsense", 406),
    ],
)
def test_a_page_is_for_those_who_take_html(client, accept: str | None, status: int) -> None:
    """accounts.md, section 5."""
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get("/users/log_in", headers=headers)
    assert answer.status_code == status
    assert answer.content_type == "text/html; charset=utf-8"
    assert ("nothing but HTML" in answer.text) is (status == 406)


def test_who_takes_no_html_changes_nothing(site) -> None:
    # A ping changes something, by whatever it comes: its token is all that it needs.
    for guard, route in [each for each in ROUTES if not each[1].endpoint.startswith("pings.")]:
        browser, path = site.browser("owner"), path_to(route.path, site.world, "owner")
        headers = {"Accept": "application/json", "X-CSRF-Token": browser.csrf_token()}
        answer = browser.open(path, method=route.method, headers=headers)
        is_data = guard is capability or route.endpoint in {
            "live.stream", "monitors.latency", "mailbox.download",
        }  # fmt: skip
        assert (answer.status_code != 406) is is_data, route
    assert not site.changed()


def test_what_is_no_page_is_for_everybody(client) -> None:
    headers = {"Accept": "application/json"}
    assert client.get("/nowhere", headers=headers).status_code == 404
    assert client.get("/users/log_out", headers=headers).status_code == 405
    style = client.page("/").find("link", rel="stylesheet")["href"]
    assert client.get(style, headers=headers).status_code == 200


def test_static_files_are_those_of_their_folder(client) -> None:
    for path in (
        "/static/1/../app.py",
        "/static/1/%2e%2e/app.py",
        "/static/1//etc/passwd",
        "/static/1/css/x.css",
    ):
        assert client.get(path).status_code == 404


def test_head_is_answered_as_get_without_a_body(client) -> None:
    answer = client.head("/users/log_in")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("route", [route for _, route in ROUTES], ids=lambda route: route.endpoint)
def test_a_view_has_at_most_fifteen_lines(route) -> None:
    assert len(inspect.getsource(route.view).splitlines()) <= 15


def test_a_capability_reads_no_cookie(signed_in) -> None:
    answer = signed_in.get("/healthz")
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_signed_in_request_begins_with_one_statement(signed_in, count_queries) -> None:
    with count_queries() as queries:
        assert signed_in.get("/users/confirm").status_code == 200
    assert len(queries) == 1, queries


def test_a_request_of_nobody_asks_the_database_nothing(client, count_queries) -> None:
    with count_queries() as queries:
        client.get("/")
        client.get("/users/log_in")
        client.get("/nowhere")
    assert len(queries) == 0, queries
