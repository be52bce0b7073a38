"""What the router's table is made of, and how Flask learns of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from flask import Flask, current_app, g, request, session
from flask.typing import ResponseReturnValue

from emeter_core.accounts import Permission, TeamOf
from emeter_web import hosts
from emeter_web.bodies import require_readable_form
from emeter_web.csrf import protect_from_forgery
from emeter_web.db import View, end_transaction, transactional
from emeter_web.errors import page_of_error
from emeter_web.limits import Limit, limited
from emeter_web.user_auth import (
    capability,
    fetch_current_user,
    public,
    require_authenticated_user,
    require_permission,
)

Guard = Callable[[], ResponseReturnValue | None]
_VIEWS = "emeter_web.views."
_PAGES = frozenset({"text/html", "application/xhtml+xml", "text/*", "*/*"})
_NOT_ACCEPTABLE, _MISDIRECTED = 406, 421
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = "public_id"


class NoPermission(Enum):
    """Why a route asks for no permission."""

    ANYBODY = "It is for everybody, or its guard alone decides."
    OWN_ACCOUNT = "It is about who asks, and about no team."


ANYBODY, OWN_ACCOUNT = NoPermission
Needs = Permission | NoPermission


class RouterError(Exception):
    """The table of routes has a hole, so there is no application."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, the view that answers, and the permission that one needs.

    What answers by pages tells so to who takes none; other data are sent to whoever asks for them.
    `monitors.show` is the view `show` of `views/monitors.py`, or of a module in `views/monitors/`. By the
    methods in `also` the same is done.
    Raises RouterError where no permission is named, nor that none is needed.
    """

    method: str
    path: str
    view: View
    needs: Needs | None = None
    limits: tuple[Limit, ...] = ()
    also: tuple[str, ...] = ()
    is_page: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.needs, Permission | NoPermission):
            raise RouterError(
                f"{self} names no permission. Name the one it needs, or ANYBODY, or OWN_ACCOUNT."
            )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

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
    """Routes behind one guard.

    `team_of` is the question for the team of what a path's `public_id` names. Raises RouterError where the
    guard lets nobody in whose permission could be asked, or where a team is missing.
    """

    guard: Guard
    routes: tuple[Route, ...]
    team_of: Callable[[uuid.UUID], TeamOf] | None = None

    def __post_init__(self) -> None:
        for route in self.routes:
            if (route.needs is ANYBODY) is (self.guard is require_authenticated_user):
                raise RouterError(f"{route} needs {route.needs}, but its guard is {self.guard.__name__}.")
            if isinstance(route.needs, Permission) and f":{_ID}>" in route.path and self.team_of is None:
                raise RouterError(f"{route} names something of a team, but its group does not say which.")


def get(path: str, view: View, needs: Needs | None = None) -> Route:
    """Route GET (and HEAD)."""
    return Route("GET", path, view, needs)


def get_data(path: str, view: View, needs: Needs | None = None) -> Route:
    """Route GET (and HEAD) to what is no page: a stream, a file, or JSON for a script."""
    return Route("GET", path, view, needs, is_page=False)


def post(path: str, view: View, needs: Needs | None = None, *limits: Limit) -> Route:
    """Route POST, within limits."""
    return Route("POST", path, view, needs, limits)


def put(path: str, view: View, needs: Needs | None = None, *limits: Limit) -> Route:
    """Route PUT, within limits; a form reaches it by POST with `_method`."""
    return Route("PUT", path, view, needs, limits)


def delete(path: str, view: View, needs: Needs | None = None, *limits: Limit) -> Route:
    """Route DELETE, within limits; a form reaches it by POST with `_method`."""
    return Route("DELETE", path, view, needs, limits)


def either(path: str, view: View, needs: Needs | None = None, *limits: Limit) -> Route:
    """Route POST and GET (and HEAD) alike, within limits: for scripts, which write by whatever they have."""
    return Route("POST", path, view, needs, limits, also=("GET",))


def register(app: Flask, groups: tuple[Group, ...]) -> None:
    """Mount the table, and let in nobody whom it does not."""
    # Two slashes are another path, not a redirect that repeats the Host header.
    app.url_map.merge_slashes = False
    app.extensions["emeter_routes"] = {"static": (Group(capability, ()), ANYBODY)}
    app.extensions["emeter_pages"] = set()
    for group in groups:
        mount(app, group)
    app.before_request(_let_in)


def mount(app: Flask, group: Group) -> None:
    """Add the routes of a group to the application."""
    for route in group.routes:
        app.extensions["emeter_routes"][route.endpoint] = group, route.needs
        if route.is_page:
            app.extensions["emeter_pages"].add(route.endpoint)
        view = limited(app, transactional(route.view), route.limits)
        app.add_url_rule(route.path, route.endpoint, view, methods=[route.method, *route.also])


_NOWHERE = (Group(public, ()), ANYBODY)


def _let_in() -> ResponseReturnValue | None:
    """Ask whether it is us who are asked, and for a page; refuse forgeries; find out who asks; ask the guard.

    The order matters: while a body comes in, no transaction is open. What leads nowhere has no guard.
    """
    g.current_user, g.scope, g.email = None, None, ""
    group, needs = current_app.extensions["emeter_routes"].get(request.endpoint, _NOWHERE)
    if group.guard is capability:
        return None
    if not hosts.is_ours(request):
        return page_of_error(_MISDIRECTED)
    # From here on no cache keeps an answer, be it a refusal before the session is read.
    session.accessed = True
    if request.endpoint in current_app.extensions["emeter_pages"] and not _takes_pages():
        return page_of_error(_NOT_ACCEPTABLE)
    if request.endpoint is not None:
        require_readable_form()  # Forms look at what came with a GET as well.
        if request.method not in SAFE_METHODS:
            protect_from_forgery()
    fetch_current_user(_team_asked_for(group))
    g.email = g.current_user.email if g.current_user else ""
    refused = group.guard() or (require_permission(needs) if isinstance(needs, Permission) else None)
    if refused is not None:
        end_transaction()
    return refused


def _takes_pages() -> bool:
    """Whether who asks takes HTML (accounts.md, section 5); who does not say takes all."""
    accepted = request.accept_mimetypes
    kinds = (kind.partition(";")[0].strip().lower() for kind, quality in accepted if quality > 0)
    return not accepted or not _PAGES.isdisjoint(kinds)


def _team_asked_for(group: Group) -> TeamOf | None:
    """The question for the team of what the path names; None where it names nothing of a team."""
    named = (request.view_args or {}).get(_ID)
    return group.team_of(named) if group.team_of is not None and named is not None else None
