"""The table of routes, and what its guards let through."""

import inspect
import re

import pytest
from flask import Flask

from emeter_web.router import GROUPS
from emeter_web.routes import SAFE_METHODS
from emeter_web.user_auth import (
    capability,
    public,
    redirect_if_user_is_authenticated,
    require_authenticated_user,
)

ROUTES = [(group.guard, route) for group in GROUPS for route in group.routes]
CLOSED = [route for guard, route in ROUTES if guard is require_authenticated_user]


def example(path: str) -> str:
    """Some address that a path matches."""
    path = re.sub(r"<uuid:\w+>", "11111111-1111-1111-1111-111111111111", path)
    path = re.sub(r"<int:\w+>", "1", path)
    return re.sub(r"<[^>]+>", "mail", path)


def test_every_url_has_a_guard(app: Flask) -> None:
    guards = app.extensions["emeter_guards"]
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(guards)
    assert set(guards.values()) == {
        capability,
        public,
        redirect_if_user_is_authenticated,
        require_authenticated_user,
    }


def test_an_endpoint_is_one_route() -> None:
    endpoints = [route.endpoint for _, route in ROUTES]
    assert sorted(endpoints) == sorted(set(endpoints))


@pytest.mark.parametrize("route", CLOSED, ids=lambda route: f"{route.method} {route.path}")
def test_who_is_not_signed_in_is_sent_to_log_in(client, route) -> None:
    headers = {} if route.method in SAFE_METHODS else {"X-CSRF-Token": client.csrf_token()}
    answer = client.open(example(route.path), method=route.method, headers=headers)

    assert (answer.status_code, answer.location) == (302, "/users/log_in")


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
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


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
