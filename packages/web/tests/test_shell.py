"""The frame of a signed-in page."""

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy.exc import OperationalError

from emeter_web.routes import ANYBODY, Group, get, mount
from emeter_web.user_auth import public

PLACES = {"/": "Overview", "/monitors": "Monitors", "/incidents": "Incidents", "/alerts": "Alerts"}


@pytest.mark.parametrize("path", PLACES)
def test_the_navigation_marks_where_we_are(signed_in, path: str) -> None:
    nav = signed_in.page(path).select_one("nav[aria-label=Main]")

    assert {link["href"]: link.select_one(".label").text for link in nav.select("a")} == PLACES
    assert [link["href"] for link in nav.select("[aria-current=page]")] == [path]


def test_the_way_out_is_a_link_for_scripts_and_a_form_without(signed_in) -> None:
    answer = signed_in.get("/")
    foot = signed_in.page("/").select_one(".foot")

    assert "dora@example.com" in foot.text
    assert "Settings</a>" in answer.text
    assert "Log out</a>" in answer.text
    assert foot.select_one('a[data-method=delete][href="/users/log_out"]')
    assert foot.select_one("noscript form [name=_method]")["value"] == "delete"


def test_a_phone_finds_them_in_the_menu_of_the_brand(signed_in) -> None:
    menu = signed_in.page("/").select_one(".brand details")

    assert "dora@example.com" in menu.text
    assert {link.text.strip() for link in menu.select("a")} >= {"Settings", "Log out"}


def test_what_was_done_is_told_once(client) -> None:
    client.register()
    told = client.page("/").select_one("main [role=status]")

    assert told.text.strip() == "User created successfully."
    assert "User created" not in client.get("/").text


def test_what_was_refused_is_an_alert(client) -> None:
    assert client.get("/monitors").status_code == 302

    assert client.page("/users/log_in").select_one("main [role=alert]").text.strip() == (
        "You must log in to access this page."
    )


OUTSIDE = ["/users/confirm", "/nowhere", "/monitors/11111111-1111-1111-1111-111111111111", "/users/log_out"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_who_is_signed_in_finds_the_menu_outside_of_the_frame_too(signed_in, path: str) -> None:
    """accounts.md, section 5: on every page."""
    answer = signed_in.get(path)
    menu = BeautifulSoup(answer.text, "html.parser").select_one("nav[aria-label=Account]")
    assert "dora@example.com" in menu.text
    assert "Settings</a>" in answer.text
    assert "Log out</a>" in answer.text


@pytest.mark.parametrize("path", OUTSIDE)
def test_its_way_out_works_with_scripts_and_without(signed_in, path: str) -> None:
    page = BeautifulSoup(signed_in.get(path).text, "html.parser")
    assert page.select_one('a[data-method=delete][href="/users/log_out"]')
    assert page.find("script", src=re.compile("main.js"))["type"] == "module"
    assert page.find("meta", {"name": "csrf-token"})["content"]
    fields = {each["name"]: each["value"] for each in page.select("noscript form input")}
    assert signed_in.post("/users/log_out", data=fields).status_code == 302
    assert signed_in.get("/users/settings").status_code == 302


@pytest.mark.parametrize("path", OUTSIDE[:2])
def test_who_is_not_signed_in_has_no_such_menu(client, path: str) -> None:
    assert "Log out" not in client.get(path).text


def test_an_error_page_knows_who_asks_and_asks_nobody(app, client, monkeypatch, count_queries) -> None:
    def fails() -> str:
        raise RuntimeError

    mount(app, Group(public, (get("/test/fails", fails, ANYBODY),)))
    assert client.register().status_code == 302
    with count_queries() as queries:
        answer = client.get("/test/fails")
    assert (answer.status_code, len(queries)) == (500, 1)
    assert "dora@example.com" in answer.text

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    answer = client.get("/nowhere")
    assert answer.status_code == 503
    assert "The database is away" in answer.text
    assert "Log out" not in answer.text
