"""What pages offer, held against the table: to each role all that it may do, and nothing else."""

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from permission_site import Site
from permission_world import CREDENTIAL
from sqlalchemy import text
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from emeter_core.accounts import PERMISSIONS, Permission, Role
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.router import GROUPS

ROUTES = {(route.method, route.endpoint): route for group in GROUPS for route in group.routes}


@pytest.fixture
def site(app: Flask, sessions: SessionFactory, settings: Settings) -> Iterator[Site]:
    site = Site(app, sessions, settings)
    yield site
    site.close()


def allowed(role: Role) -> set[str]:
    """The routes that the table opens to a role: those which ask for a permission."""
    return {str(route) for route in ROUTES.values() if route.needs in PERMISSIONS[role]}


def offered(page: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """Methods and paths behind the links, forms and buttons of a page, and what its scripts ask for."""
    for link in page.select("a[href^='/']"):
        yield str(link.get("data-method", "get")).upper(), str(link["href"])
    for element in page.select("[data-latency]"):
        yield "GET", str(element["data-latency"])
    for meta in page.select("meta[name=live]"):
        yield "GET", str(meta["content"])
    for form in page.select("form"):
        yield method_of(form), str(form["action"])
        for button in form.select("[formaction]"):
            yield str(button.get("value") or method_of(form)).upper(), str(button["formaction"])


def method_of(form: Tag) -> str:
    override = form.select_one("input[name=_method]")
    return str(override["value"] if override else form.get("method", "get")).upper()


def crawl(app: Flask, site: Site, role: Role) -> tuple[set[str], str]:
    """The routes that one is offered from the first page on, and all that stands on those pages."""
    browser = site.browser(role)
    urls = app.url_map.bind("localhost")
    found, seen, said, waiting = set(), set(), [], ["/"]
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code == 200, f"{path} as {role}"
        said.append(answer.text)
        for method, href in offered(BeautifulSoup(answer.text, "html.parser")):
            plain = re.split("[?#]", href)[0]
            route = ROUTES.get((method, match(urls, plain, method)))
            if route is None or not isinstance(route.needs, Permission):
                continue
            found.add(str(route))
            if method == "GET" and plain not in seen and not plain.startswith("/live/"):
                seen.add(plain)
                waiting.append(plain)
    return found, "\n".join(said)


def match(urls: MapAdapter, path: str, method: str) -> str:
    try:
        return str(urls.match(path, method=method)[0])
    except HTTPException as error:
        raise AssertionError(f"{method} {path} leads nowhere") from error


def test_pages_offer_each_role_what_it_may_do_and_nothing_else(app: Flask, site: Site) -> None:
    for role in Role:
        found, said = crawl(app, site, role)
        assert found == allowed(role)
        sees_secrets = Permission.SEE_SECRETS in PERMISSIONS[role]
        assert ("whsec_" in said) is sees_secrets
        assert (CREDENTIAL in said) is sees_secrets


def test_a_team_without_monitors_offers_nothing_that_one_may_not(
    app: Flask, site: Site, sessions: SessionFactory
) -> None:
    with transaction(sessions) as session:
        for table in ("deliveries", "incidents", "monitors", "channels"):
            session.execute(text(f"DELETE FROM {table}"))
    for role in Role:
        found, said = crawl(app, site, role)
        assert found <= allowed(role)
        assert ("POST /monitors" in found) is (Permission.CHANGE_MONITORS in PERMISSIONS[role])
        assert "Nothing is watched yet" in said


def test_a_refusal_says_what_one_is_and_who_can_help(site: Site) -> None:
    answer = site.browser(Role.EDITOR).submit("/alerts/mail", "PUT", email="mine@example.com")
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 403
    assert page.h1.text == "Your role does not allow this"
    assert "You are an editor in this team. Ask an owner or admin." in page.main.text
    assert "You are a viewer in this team." in site.browser(Role.VIEWER).get("/monitors/new").text
