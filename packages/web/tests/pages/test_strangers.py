"""Who is on another team finds nothing, whatever they ask: by the router's own table."""

import uuid

import pytest
from sqlalchemy import text

from emeter_storage.engine import transaction
from emeter_web.router import GROUPS
from emeter_web.routes import Route
from emeter_web.user_auth import require_authenticated_user

ROUTES = [
    route for group in GROUPS for route in group.routes if route.endpoint.partition(".")[0] == "monitors"
]
OF_ONE = [route for route in ROUTES if "public_id" in route.path]


def path_of(route: Route, public_id: uuid.UUID) -> str:
    return route.path.replace("<uuid:public_id>", str(public_id)).replace("<int:slot>", "1")


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_there_are_such_routes() -> None:
    assert len(OF_ONE) >= 10


@pytest.mark.parametrize("route", OF_ONE, ids=named)
def test_another_teams_monitor_is_not_found(stranger, add_monitor, sessions, route: Route) -> None:
    public_id = add_monitor(name="Shop")
    path = path_of(route, public_id)
    if route.method == "GET":
        answer = stranger.get(path)
    else:
        answer = stranger.submit(path, route.method, url="http://evil.example.com/", name="Mine")
    assert answer.status_code == 404
    assert "Shop" not in answer.text
    with transaction(sessions) as session:
        row = session.execute(text("SELECT name, version, paused_at FROM monitors")).one()
        assert tuple(row) == ("Shop", 1, None)
        assert session.execute(text("SELECT count(*) FROM claims")).scalar_one() == 0


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_who_is_not_signed_in_has_to_log_in(client, route: Route) -> None:
    path = path_of(route, uuid.uuid4())
    answer = client.get(path) if route.method == "GET" else client.submit(path, route.method)
    assert (answer.status_code, answer.location) == (302, "/users/log_in")


def test_they_are_all_behind_the_guard() -> None:
    guards = {group.guard for group in GROUPS for route in group.routes if route in ROUTES}
    assert guards == {require_authenticated_user}
