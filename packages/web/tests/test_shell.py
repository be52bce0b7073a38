"""The frame of a signed-in page."""

import pytest

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
