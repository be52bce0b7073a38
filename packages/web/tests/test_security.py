"""The headers of every answer (reliability.md, R18)."""

import re
from collections.abc import Callable

import pytest
from flask import Flask, Response
from permission_site import Site
from permission_world import ANONYMOUS, path_to
from werkzeug.exceptions import ServiceUnavailable

from emeter_core.settings import Settings
from emeter_web.router import GROUPS
from emeter_web.routes import ANYBODY, Group, get, mount
from emeter_web.session_cookie import REMEMBER_ME, SESSION
from emeter_web.user_auth import capability, public

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
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
STYLE = re.compile(r"/static/\w+/app.css")
ROUTES = [(group.guard, route) for group in GROUPS for route in group.routes]
# No session is read for these, so that caches may keep what they tell.
NOBODYS = {"static", "static, not there"} | {
    f"{way} {route.method} {route.path}"
    for guard, route in ROUTES
    if guard is capability
    for way in ("asked", "forged", "as HEAD")
}


def broken() -> str:
    raise RuntimeError("as bugs do")


def busy() -> str:
    raise ServiceUnavailable


@pytest.fixture
def answers(site: Site, app: Flask) -> Callable[[str], dict[str, Response]]:
    """What somebody is answered: by every route, asked and forged, and where something is wrong."""
    mount(app, Group(public, tuple(get(f"/test/{view.__name__}", view, ANYBODY) for view in (broken, busy))))

    def ask(who: str) -> dict[str, Response]:
        found = {}
        for _, route in ROUTES:
            browser, path = site.browser(who), path_to(route.path, site.world, who)
            headers = {"X-CSRF-Token": browser.csrf_token()}
            found[f"forged {route}"] = browser.open(path, method=route.method)
            found[f"asked {route}"] = browser.open(path, method=route.method, headers=headers)
            if route.method == "GET":
                found[f"as HEAD {route}"] = browser.head(path)
            site.changed()  # and made good
        return found | _odd(site.browser(who))

    return ask


def _odd(browser) -> dict[str, Response]:
    """The answers that no route gives, or not to such requests."""
    odd = {
        "static": browser.get(STYLE.search(browser.get("/").text)[0]),
        "static, not there": browser.get("/static/x/nothing.css"),
        "400": browser.submit("/users/confirm"),
        "400, not UTF-8": browser.post(
            "/users/confirm", data=b"email=%ff", content_type="application/x-www-form-urlencoded"
        ),
        "403": browser.post("/settings/theme"),
        "404": browser.get("/nowhere"),
        "405": browser.get("/users/log_out"),
        "413": browser.post("/settings/theme", data=b"x" * 2_000_000),
        "500": browser.get("/test/broken"),
        "503": browser.get("/test/busy"),
        "options": browser.options("/"),
    }
    assert {name[:3]: answer.status_code for name, answer in odd.items() if name[:3].isdigit()} == {
        str(status): status for status in (400, 403, 404, 405, 413, 500, 503)
    }
    return odd


def policy_of(answer: Response) -> dict[str, str]:
    header = re.sub(r"'nonce-[\w-]{24}'", "'nonce-N'", answer.headers["Content-Security-Policy"])
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


@pytest.mark.parametrize("who", [ANONYMOUS, "owner"])
def test_r18_every_answer_carries_them_and_what_was_made_from_a_session_is_kept_by_nobody(
    answers, who: str
) -> None:
    found = answers(who)
    assert len(found) > len(ROUTES) * 2
    for name, answer in found.items():
        assert {header: answer.headers.get(header) for header in ALWAYS} == ALWAYS, name
        assert policy_of(answer) == POLICY, name
        assert "Strict-Transport-Security" not in answer.headers, name
        if name in NOBODYS:
            assert "Cookie" not in answer.vary, name
            assert "Set-Cookie" not in answer.headers, name
        else:
            assert "Cookie" in answer.vary, name
            assert answer.headers["Cache-Control"] == "no-store", name
        for cookie in answer.headers.getlist("Set-Cookie"):
            assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")), name
            assert "Domain" not in cookie, name
            # On http a browser would not keep what is Secure.
            assert "Secure" not in cookie, name


def test_who_asks_too_often_is_told_with_the_same_headers(app: Flask, client) -> None:
    while (answer := client.submit("/users/reset_password", email="a@example.com")).status_code != 429:
        assert answer.status_code == 302
    assert {header: answer.headers.get(header) for header in ALWAYS} == ALWAYS
    assert policy_of(answer) == POLICY
    assert ("Cookie" in answer.vary, answer.headers["Cache-Control"]) == (True, "no-store")


def test_a_static_file_is_kept_for_a_year(client) -> None:
    answer = client.get(STYLE.search(client.get("/").text)[0])
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


class SecureBrowser:
    """A browser that asks for everything by https."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.answers: list[Response] = []

    def get(self, path: str) -> str:
        self.answers.append(self.browser.get(path, base_url="https://meter.example"))
        return self.answers[-1].text

    def submit(self, page: str, path: str, **fields: str) -> None:
        """Send a form with the token that is on a page."""
        token = re.search(r'_csrf_token" value="([^"]+)', self.get(page))
        assert token is not None
        data = {"_csrf_token": token[1], **fields}
        self.answers.append(self.browser.post(path, data=data, base_url="https://meter.example"))
        assert self.answers[-1].status_code in {302, 303}, path

    def cookies(self) -> dict[str, set[str]]:
        """The attributes of all cookies that were set, by their names."""
        set_cookies = (each for answer in self.answers for each in answer.headers.getlist("Set-Cookie"))
        return {each.partition("=")[0]: set(each.split("; ")[1:]) for each in set_cookies}


def test_r18_on_https_cookies_are_bound_to_the_host_and_the_browser_to_https(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"base_url": "https://meter.example"}))
    browser = SecureBrowser(app.test_client())
    account = {"email": "dora@example.com", "password": "a word of dora's"}
    browser.submit("/users/register", "/users/register", **account)
    browser.submit("/users/settings", "/settings/theme", theme="dark")
    browser.submit("/users/settings", "/users/log_out", _method="delete")
    browser.submit("/users/log_in", "/users/log_in", remember_me="true", **account)
    browser.get("/users/settings")

    for answer in browser.answers:
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert {name.removeprefix("__Host-") for name in browser.cookies()} >= {SESSION, REMEMBER_ME, "theme"}
    for name, attributes in browser.cookies().items():
        assert name.startswith("__Host-"), name
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes, name
        assert not any(each.startswith("Domain") for each in attributes), name


def test_options_is_answered_and_changes_nothing(client) -> None:
    answer = client.options("/users/log_in")
    assert (answer.status_code, sorted(answer.allow)) == (200, ["GET", "HEAD", "OPTIONS", "POST"])


def test_the_answer_to_one_is_not_that_to_another(app, signed_in) -> None:
    assert app.test_client().get("/").text != signed_in.get("/").text
