"""The headers of every answer (reliability.md, R18)."""

import re
from collections.abc import Callable

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from emeter_core.settings import Settings
from emeter_web.routes import get, mount
from emeter_web.user_auth import public

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src": "'none'",
    "style-src": "'self' 'nonce-N'",
    "script-src": "'nonce-N'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


def broken() -> str:
    raise RuntimeError("as bugs do")


@pytest.fixture
def answers(app: Flask) -> Callable[[FlaskClient], dict[str, Response]]:
    """An answer of every kind that there is."""
    mount(app, public, get("/test/broken", broken))

    def ask(browser: FlaskClient) -> dict[str, Response]:
        pages = {
            path: browser.get(path)
            for path in (
                "/",
                "/users/log_in",
                "/users/register",
                "/users/settings",
                "/users/confirm",
                "/healthz",
            )
        }
        style = re.search(r"/static/\w+/app.css", browser.get("/").text)
        assert style is not None
        return pages | {
            "static": browser.get(style[0]),
            "static, not there": browser.get("/static/x/nothing.css"),
            "400": browser.submit("/users/confirm"),
            "403": browser.post("/settings/theme"),
            "404": browser.get("/nowhere"),
            "405": browser.get("/users/log_out"),
            "413": browser.post("/settings/theme", data=b"x" * 2_000_000),
            "500": browser.get("/test/broken"),
            "head": browser.head("/"),
            "options": browser.options("/"),
        }

    return ask


def policy_of(answer: Response) -> dict[str, str]:
    header = re.sub(r"'nonce-[\w-]{24}'", "'nonce-N'", answer.headers["Content-Security-Policy"])
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_r18_every_answer_carries_them(answers, client, signed_in) -> None:
    for browser in (client, signed_in):
        for name, answer in answers(browser).items():
            assert {header: answer.headers.get(header) for header in ALWAYS} == ALWAYS, name
            assert policy_of(answer) == POLICY, name
            assert "Strict-Transport-Security" not in answer.headers, name


def test_r18_what_was_made_from_a_session_is_kept_by_nobody(answers, client, signed_in) -> None:
    for browser in (client, signed_in):
        for name, answer in answers(browser).items():
            if name.startswith("static") or name == "/healthz":
                assert "Cookie" not in answer.vary, name
            else:
                assert "Cookie" in answer.vary, name
                assert answer.headers["Cache-Control"] == "no-store", name


def test_a_static_file_is_kept_for_a_year(answers, client) -> None:
    answer = answers(client)["static"]
    assert "immutable" in answer.headers["Cache-Control"]


def test_no_two_answers_have_the_same_nonce(client) -> None:
    nonces = {client.get("/users/log_in").headers["Content-Security-Policy"] for _ in range(5)}
    assert len(nonces) == 5


def test_the_scripts_of_a_page_carry_its_nonce_and_no_tag_carries_a_style(signed_in) -> None:
    for path in ("/", "/users/settings"):
        answer = signed_in.get(path)
        nonce = re.search(r"script-src 'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"])
        assert nonce is not None
        for tag in re.findall(r"<script[^>]*>", answer.text):
            assert f'nonce="{nonce[1]}"' in tag
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)


def test_r18_on_https_cookies_are_bound_to_the_host_and_the_browser_to_https(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"base_url": "https://meter.example"}))
    client = app.test_client()
    page = client.get("/users/register", base_url="https://meter.example")
    token = re.search(r'_csrf_token" value="([^"]+)', page.text)
    assert token is not None
    fields = {"_csrf_token": token[1], "email": "dora@example.com", "password": "hello world!"}
    client.post("/users/register", data=fields, base_url="https://meter.example")
    client.delete(
        "/users/log_out", headers={"X-CSRF-Token": "x"}, base_url="https://meter.example"
    )  # refused, for the token is none
    page = client.get("/users/settings", base_url="https://meter.example")
    token = re.search(r'_csrf_token" value="([^"]+)', page.text)
    assert token is not None
    answer = client.post(
        "/users/log_out",
        data={"_csrf_token": token[1], "_method": "delete"},
        base_url="https://meter.example",
    )
    client.get("/users/log_in", base_url="https://meter.example")
    fields["remember_me"] = "true"

    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-_e_meter_web_")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
        assert not any(each.startswith("Domain") for each in attributes)


def test_on_http_cookies_are_without_secure(client, user) -> None:
    answer = client.log_in(remember_me="true")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Secure" not in cookie


def test_options_is_answered_and_changes_nothing(client) -> None:
    answer = client.options("/users/log_in")
    assert (answer.status_code, sorted(answer.allow)) == (200, ["GET", "HEAD", "OPTIONS", "POST"])


def test_the_answer_to_one_is_not_that_to_another(app, signed_in) -> None:
    assert app.test_client().get("/").text != signed_in.get("/").text
