"""What the router's table is made of, and how Flask learns of it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue

from emeter_web.bodies import require_readable_form
from emeter_web.csrf import protect_from_forgery
from emeter_web.db import View, transactional
from emeter_web.limits import Limit, limited
from emeter_web.user_auth import capability, fetch_current_user

Guard = Callable[[], ResponseReturnValue | None]
_VIEWS = "emeter_web.views."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, and the view that answers.

    `monitors.show` is the view `show` of `views/monitors.py`, or of a module in `views/monitors/`.
    """

    method: str
    path: str
    view: View
    limits: tuple[Limit, ...] = ()

    @property
    def endpoint(self) -> str:
        """The name for `url_for`."""
        module = self.view.__module__
        inside = module.removeprefix(_VIEWS)
        # What lies elsewhere, as `emeter_web.theme`, has the name of its module.
        resource = inside.partition(".")[0] if inside != module else module.rpartition(".")[2]
        return f"{resource}.{self.view.__name__}"


@dataclass(frozen=True, slots=True)
class Group:
    """Routes behind one guard."""

    guard: Guard
    routes: tuple[Route, ...]


def get(path: str, view: View) -> Route:
    """Route GET (and HEAD)."""
    return Route("GET", path, view)


def post(path: str, view: View, *limits: Limit) -> Route:
    """Route POST, within limits."""
    return Route("POST", path, view, limits)


def put(path: str, view: View, *limits: Limit) -> Route:
    """Route PUT, within limits; a form reaches it by POST with `_method`."""
    return Route("PUT", path, view, limits)


def delete(path: str, view: View) -> Route:
    """Route DELETE; a form reaches it by POST with `_method`."""
    return Route("DELETE", path, view)


def register(app: Flask, groups: tuple[Group, ...]) -> None:
    """Mount the table, and have every request pass its guard."""
    # Two slashes are another path, not a redirect that repeats the Host header.
    app.url_map.merge_slashes = False
    app.extensions["emeter_guards"] = {"static": capability}
    for group in groups:
        for route in group.routes:
            mount(app, group.guard, route)
    app.before_request(_pass_the_guard)


def mount(app: Flask, guard: Guard, route: Route) -> None:
    """Add one route to the application."""
    app.extensions["emeter_guards"][route.endpoint] = guard
    view = limited(app, transactional(route.view), route.limits)
    app.add_url_rule(route.path, route.endpoint, view, methods=[route.method])


def _pass_the_guard() -> ResponseReturnValue | None:
    """Find out who asks, refuse forgeries, and ask the guard. What is not found has no guard, but a user."""
    g.current_user, g.scope = None, None
    guard: Guard | None = current_app.extensions["emeter_guards"].get(request.endpoint)
    if guard is capability:
        return None
    fetch_current_user()
    if guard is None:
        return None
    if request.method not in SAFE_METHODS:
        require_readable_form()
        protect_from_forgery()
    return guard()
