"""The theme of a browser."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from emeter_core.settings import Settings
from emeter_web.theme import COOKIE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_keeps_the_theme_that_was_chosen(client, theme: str) -> None:
    answer = client.submit("/settings/theme", theme=theme, return_to="/users/log_in?a=b")

    assert answer.location == "/users/log_in?a=b"
    assert client.page("/users/log_in").html["data-theme"] == theme
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(f"{COOKIE}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(cookie.split("; "))


@pytest.mark.parametrize("theme", ["system", "", "neon", "dark\0"])
def test_any_other_choice_is_that_of_the_system(client, theme: str) -> None:
    client.submit("/settings/theme", theme="dark")
    client.submit("/settings/theme", theme=theme)

    assert client.get_cookie(COOKIE) is None
    assert "data-theme" not in client.page("/users/log_in").html.attrs


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example/", "/\\evil.example", "x"])
def test_one_is_not_sent_elsewhere_after_the_choice(client, path: str) -> None:
    assert client.submit("/settings/theme", theme="dark", return_to=path).location == "/"


def test_a_theme_that_is_none_is_not_believed(client) -> None:
    client.set_cookie(COOKIE, '"><script>')
    assert "data-theme" not in client.page("/users/log_in").html.attrs


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_the_menu_shows_which_one_is_chosen_and_leads_back(signed_in, theme: str) -> None:
    signed_in.submit("/settings/theme", theme=theme)
    form = signed_in.page("/incidents?state=open").find("form", action="/settings/theme")

    pressed = {button["value"]: button["aria-pressed"] for button in form.find_all("button")}
    assert pressed == {name: "true" if name == theme else "false" for name in ("system", "light", "dark")}
    assert form.find("input", {"name": "return_to"})["value"] == "/incidents?state=open"


def test_on_https_the_choice_is_sent_by_https_alone(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    base_url = "https://meter.example"
    browser = make_app(settings.model_copy(update={"base_url": base_url})).test_client()
    form = BeautifulSoup(browser.get("/users/log_in", base_url=base_url).text, "html.parser")
    token = form.find("input", {"name": "_csrf_token"})["value"]
    answer = browser.post(
        "/settings/theme",
        data={"_csrf_token": token, "theme": "dark"},
        base_url=base_url,
        headers={"Referer": base_url},
    )
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if COOKIE in each]
    assert cookie.startswith(f"__Host-{COOKIE}=dark; ")
    assert "Secure" in cookie.split("; ")
    page = BeautifulSoup(browser.get("/users/log_in", base_url=base_url).text, "html.parser")
    assert page.html["data-theme"] == "dark"
