"""A log-in that was ended is ended: for its browser, its open pages, and whoever kept its cookies (R9).

What a role may no longer do is in test_memberships.py.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import over_http
import pytest
from flask import Flask
from sqlalchemy import text

from emeter_storage.engine import SessionFactory, transaction
from emeter_web.live import watch
from emeter_web.session_cookie import REMEMBER_ME, SESSION

SETTINGS, LOG_IN = "/users/settings", "/users/log_in"
PASSWORD, NEW = "hello world!", "new valid password"
# To look at, to follow live, and to change.
PAGES = (SETTINGS, "/monitors", "/monitors/new", "/incidents", "/alerts", "/users/settings/delete")
WRITES = {"/monitors": "POST", "/alerts/mail": "PUT", "/users/sessions": "DELETE", SETTINGS: "PUT"}


@dataclass
class Devices:
    """The user's browsers: `here` is where they sit, `there` is remembered for 60 days."""

    app: Flask
    here: object
    there: object
    link: Callable[[], str]
    stream: socket.socket
    cookies: dict[str, str] = field(default_factory=dict)
    """Those of `there`, as somebody may have kept them."""

    def with_cookies(self, *names: str):  # noqa: ANN201 - a browser
        """A browser of somebody who has these cookies and nothing else."""
        browser = self.app.test_client()
        for name in names:
            browser.set_cookie(name, self.cookies[name])
        return browser


def change_password(devices: Devices) -> None:
    fields = {"password": NEW, "password_confirmation": NEW, "current_password": PASSWORD}
    answer = devices.here.submit(SETTINGS, "PUT", action="update_password", **fields)
    assert answer.location == SETTINGS


def reset_password(devices: Devices) -> None:
    browser = devices.app.test_client()
    browser.submit("/users/reset_password", email="dora@example.com")
    assert browser.submit(devices.link(), "PUT", password=NEW).location == LOG_IN


def end_by_row(devices: Devices) -> None:
    (current,) = (
        row for row in devices.there.page(SETTINGS).select("[data-session]") if not row.find("form")
    )
    answer = devices.here.submit(f"/users/sessions/{current['data-session']}", "DELETE")
    assert answer.status_code == 303


def end_all_others(devices: Devices) -> None:
    assert devices.here.submit("/users/sessions", "DELETE").status_code == 303


def delete_account(devices: Devices) -> None:
    assert devices.here.submit(SETTINGS, "DELETE", current_password=PASSWORD).location == "/"


# How a log-in ends, and whether the browser that ended it stays logged in.
ENDINGS: dict[str, tuple[Callable[[Devices], object], bool]] = {
    "log out": (lambda devices: devices.there.log_out(), True),
    "password changed": (change_password, True),
    "password reset": (reset_password, False),
    "ended by its row": (end_by_row, True),
    "all others ended": (end_all_others, True),
    "account deleted": (delete_account, False),
}


@pytest.fixture
def devices(app: Flask, user, signed_in, mailed_paths, monkeypatch) -> Iterator[Devices]:
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.1)
    there = app.test_client()
    assert there.log_in(remember_me="true").status_code == 302
    cookies = {name: there.get_cookie(name).value for name in (SESSION, REMEMBER_ME)}
    path = there.page("/monitors").find("meta", {"name": "live"})["content"]
    with ExitStack() as stack:
        stream = over_http.server_of(app).listen(path, f"{SESSION}={cookies[SESSION]}")
        stack.callback(stream.close)
        yield Devices(app, signed_in, there, lambda: mailed_paths()[-1], stream, cookies)


@pytest.fixture
def everything(sessions: SessionFactory) -> Callable[[], object]:
    """The rows that who is refused below would have changed."""
    tables = ("monitors", "channels", "users", "users_tokens", "trials")
    rows = " UNION ALL ".join(f"SELECT '{name}', to_jsonb(t)::text FROM {name} t" for name in tables)

    def read() -> object:
        with transaction(sessions) as session:
            return sorted(map(tuple, session.execute(text(rows))))

    return read


@pytest.mark.parametrize("ending", ENDINGS)
def test_r9_its_cookies_are_refused_at_once(devices: Devices, everything, ending: str) -> None:
    end, stays = ENDINGS[ending]
    assert devices.with_cookies(SESSION).get(SETTINGS).status_code == 200
    assert devices.with_cookies(REMEMBER_ME).get(SETTINGS).status_code == 200
    end(devices)

    before = everything()
    browsers = [devices.there, *map(devices.with_cookies, [SESSION, REMEMBER_ME])]
    for browser in [*browsers, devices.with_cookies(SESSION, REMEMBER_ME)]:
        assert {browser.get(path).location for path in PAGES} == {LOG_IN}
        for path, method in WRITES.items():
            assert browser.submit(path, method, url="http://a.example/", email="a@b").location == LOG_IN
        assert PASSWORD not in browser.get("/").text
        assert "Log in</a>" in browser.get("/").text
    assert everything() == before
    assert (devices.here.get(SETTINGS).status_code == 200) is stays


@pytest.mark.parametrize("ending", ENDINGS)
def test_r9_its_open_pages_are_told_and_cut_off(devices: Devices, ending: str) -> None:
    said = b""
    while b"\r\n\r\n" not in said:
        said += devices.stream.recv(65536)
    ENDINGS[ending][0](devices)

    while received := devices.stream.recv(65536):
        said += received
    assert said.endswith(b"event: end\ndata: {}\n\n")


def test_what_this_browser_had_before_it_changed_the_password_is_refused_too(
    app: Flask, user, devices: Devices
) -> None:
    devices.here, before = devices.there, devices.cookies
    change_password(devices)
    assert devices.there.get(SETTINGS).status_code == 200
    assert devices.there.get_cookie(REMEMBER_ME).value != before[REMEMBER_ME]
    for name in before:
        assert devices.with_cookies(name).get(SETTINGS).location == LOG_IN


def test_a_session_that_somebody_planted_is_not_the_one_that_is_logged_in(app: Flask, user) -> None:
    """Fixation: what a browser held before the log-in is worth nothing after it."""
    browser, planted = app.test_client(), app.test_client()
    browser.get(SETTINGS)
    planted.set_cookie(SESSION, browser.get_cookie(SESSION).value)
    token = browser.csrf_token()
    browser.log_in()
    assert planted.get(SETTINGS).location == LOG_IN
    assert browser.post("/settings/theme", data={"_csrf_token": token}).status_code == 403
