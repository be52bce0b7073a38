"""Who asks and who may (accounts.md, section 6; U01 to U15 and X01 to X14 of section 7)."""

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http.cookies import SimpleCookie

import over_http
import pytest
from flask import Flask, g
from flask_login import current_user
from itsdangerous import TimestampSigner
from sqlalchemy import delete, select, update

from emeter_core.accounts import Membership, User, UserSession, UserToken, get_user_by_session_token
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction
from emeter_web.live import watch
from emeter_web.live.setup import hub_of
from emeter_web.paths import is_local
from emeter_web.routes import ANYBODY, Group, get, mount
from emeter_web.session_cookie import REMEMBER_ME, SESSION
from emeter_web.user_auth import public

MUST_LOG_IN = "You must log in to access this page."
DAYS_60_S = 5_184_000
# Whom the application takes a browser for, by our own word and by flask-login's.
WhoAmI = Callable[[object], dict[str, str | None]]


@pytest.fixture
def owner_of(sessions: SessionFactory) -> Callable[[bytes], User | None]:
    """Whose session a token is now."""
    clock = DatabaseClock(sessions.kw["bind"])

    def find(token: bytes) -> User | None:
        with transaction(sessions) as session:
            return get_user_by_session_token(session, token, now=clock.now())

    return find


@pytest.fixture
def whoami(app: Flask) -> WhoAmI:
    """Whom the application takes a browser for."""

    def show() -> dict[str, str | None]:
        theirs = current_user.email if current_user.is_authenticated else None
        return {"ours": g.current_user and str(g.current_user.id), "flask-login's": theirs}

    mount(app, Group(public, (get("/test/whoami", show, ANYBODY),)))
    return lambda browser: browser.get("/test/whoami").json


def remembering(app: Flask, browser):  # noqa: ANN201 - a Browser of the fixtures
    """The browser after it was closed and opened again: of its cookies, the one that lasts."""
    again = app.test_client()
    cookie = browser.get_cookie(REMEMBER_ME)
    assert cookie is not None
    again.set_cookie(REMEMBER_ME, cookie.value)
    return again


def is_signed_in(browser) -> bool:
    return browser.get("/users/settings").status_code == 200


def stream_of(app: Flask, browser) -> socket.socket:
    """The live stream of a page of this browser, unread."""
    path = browser.page("/monitors").find("meta", {"name": "live"})["content"]
    cookie = browser.get_cookie(SESSION).value
    return over_http.server_of(app).listen(path, f"{SESSION}={cookie}")


def read_until(stream: socket.socket, wanted: bytes) -> bytes:
    said = b""
    while wanted not in said:
        received = stream.recv(65536)
        assert received, f"ended before {wanted!r}: {said!r}"
        said += received
    return said


def topics(app: Flask) -> set[bytes]:
    """The tokens under which open pages can be told that their session has ended."""
    teller, _ = hub_of(app)._running
    return {listener.seat.token for listener in teller.listeners()}


def said_so_far(stream: socket.socket) -> bytes:
    """What was not read yet of a stream that goes on."""
    said = b""
    stream.settimeout(0)
    with suppress(BlockingIOError):
        while received := stream.recv(65536):
            said += received
        pytest.fail(f"it has ended: {said!r}")
    return said


def flashes(browser) -> list[tuple[str, str]]:
    return [tuple(each) for each in browser.session_items().get("_flashes", [])]


def remember_me_cookie(answer) -> SimpleCookie:
    jar = SimpleCookie()
    for header in answer.headers.getlist("Set-Cookie"):
        jar.load(header)
    return jar


# --- log_in_user


def test_u01_logging_in_keeps_the_token_in_the_session(app: Flask, client, user, owner_of) -> None:
    """The generator also keeps `live_socket_id`, the topic of the token.

    Part 1, item 8 has the session hold nothing that grants anything but the token; so the topic is not kept
    but derived: the open pages of a session listen on the seat of its token, and of no other.
    """
    answer = client.log_in()
    token = client.session_items()["user_token"]

    assert answer.location == "/"
    assert isinstance(token, bytes)
    assert len(token) == 32
    owner = owner_of(token)
    assert owner is not None
    assert owner.id == user.id
    assert "live_socket_id" not in client.session_items()
    with stream_of(app, client) as stream:
        read_until(stream, b"\r\n\r\n")
        assert topics(app) == {token}


def test_u02_logging_in_clears_what_the_session_held(client, user) -> None:
    with client.session_transaction() as session:
        session["to_be_removed"] = "value"

    client.log_in()

    assert "to_be_removed" not in client.session_items()


def test_logging_in_makes_a_new_csrf_token(client, user) -> None:
    client.get("/users/log_in")
    before = client.session_items()["_csrf_token"]
    client.log_in()
    assert client.session_items().get("_csrf_token") != before


def test_u03_logging_in_leads_to_where_one_wanted_to_go(client, user) -> None:
    with client.session_transaction() as session:
        session["user_return_to"] = "/hello"

    assert client.log_in().location == "/hello"
    assert "user_return_to" not in client.session_items()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "", "evil", "/a\r\nSet-Cookie: x=1"]
)
def test_a_place_to_return_to_that_is_elsewhere_is_home(client, user, path: str) -> None:
    with client.session_transaction() as session:
        session["user_return_to"] = path

    assert client.log_in().location == "/"


def test_u04_the_remember_me_cookie_holds_the_token_and_is_signed(app, client, user, owner_of) -> None:
    answer = client.log_in(remember_me="true")
    cookie = remember_me_cookie(answer)[REMEMBER_ME]
    token = client.session_items()["user_token"]

    assert cookie["max-age"] == str(DAYS_60_S)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (
        True,
        "Lax",
        "/",
        "",
    )
    assert token.hex() not in cookie.value
    again = remembering(app, client)
    assert is_signed_in(again)
    assert again.session_items()["user_token"] == token


@pytest.mark.parametrize("value", ["false", "on", "1", "True", ""])
def test_x03_nothing_but_true_remembers(client, user, value: str) -> None:
    answer = client.log_in(remember_me=value)

    assert answer.status_code == 302
    assert REMEMBER_ME not in remember_me_cookie(answer)


def test_of_the_tick_and_the_hidden_field_before_it_the_last_counts(client, user) -> None:
    assert REMEMBER_ME in remember_me_cookie(client.log_in(remember_me=["false", "true"]))


def test_an_older_session_of_the_same_person_lives_on(app, client, signed_in) -> None:
    client.log_in()
    assert is_signed_in(client)
    assert is_signed_in(signed_in)


def test_a_session_says_where_it_began(client, user, sessions) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client.post(
        "/users/log_in",
        data={"_csrf_token": client.csrf_token(), "email": user.email, "password": "hello world!"},
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": "192.0.2.9"},
    )
    with transaction(sessions) as session:
        begun = {(each.device, str(each.address)) for each in session.scalars(select(UserSession))}
    assert ("Firefox on Linux", "192.0.2.9") in begun


# --- log_out_user


def test_u05_logging_out_erases_the_session_and_the_cookies(client, user, owner_of) -> None:
    client.log_in(remember_me="true")
    token = client.session_items()["user_token"]

    answer = client.log_out()

    assert answer.location == "/"
    assert "user_token" not in client.session_items()
    assert client.get_cookie(REMEMBER_ME) is None
    cookie = remember_me_cookie(answer)[REMEMBER_ME]
    assert (cookie.value, cookie["max-age"]) == ("", "0")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert owner_of(token) is None


def test_u06_logging_out_ends_the_live_pages_of_this_session_and_of_no_other(
    app: Flask, client, signed_in, monkeypatch
) -> None:
    """The streams stand in for the generator's sockets, and their event `end` for its `disconnect`.

    Whoever listened under the token's topic is told so, with an empty payload, and cut off.
    """
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.1)
    client.log_in()
    with stream_of(app, client) as here, stream_of(app, signed_in) as there:
        for stream in (here, there):
            read_until(stream, b"\r\n\r\n")

        client.log_out()

        assert read_until(here, b"event: end").endswith(b"event: end\ndata: {}\n\n")
        assert here.recv(1) == b""
        assert b"event: end" not in said_so_far(there)


def test_u07_logging_out_without_a_session_is_no_error(client) -> None:
    answer = client.log_out()

    assert answer.location == "/"
    assert "user_token" not in client.session_items()
    assert remember_me_cookie(answer)[REMEMBER_ME]["max-age"] == "0"


def test_logging_out_ends_the_session_that_only_the_cookie_remembers(app, client, user, owner_of) -> None:
    client.log_in(remember_me="true")
    token = client.session_items()["user_token"]

    remembering(app, client).log_out()

    assert owner_of(token) is None


def test_that_a_session_was_seen_is_written_before_the_view_begins(signed_in, sessions, monkeypatch) -> None:
    """Held to the end of the request, its row would keep whoever ends the session, and holds the user."""
    found: list[timedelta] = []

    def look(*_arguments: object, **_more: object) -> list[object]:
        with transaction(sessions) as session:
            row = select(UserSession.seen_at - UserSession.inserted_at).with_for_update(nowait=True)
            found.append(max(session.scalars(row)))
        return []

    monkeypatch.setattr("emeter_web.settings_page.list_sessions", look)
    with transaction(sessions) as session:
        hour = timedelta(hours=1)
        earlier = {"seen_at": UserSession.seen_at - hour, "inserted_at": UserSession.inserted_at - hour}
        session.execute(update(UserSession).values(earlier))
    assert signed_in.get("/users/settings").status_code == 200
    assert found[0] >= timedelta(hours=1)


def test_who_belongs_to_no_team_is_given_one_at_the_log_in(signed_in, sessions) -> None:
    """They would log in, and be asked to log in by every page."""
    with transaction(sessions) as session:
        session.execute(delete(Membership))
    assert not is_signed_in(signed_in)
    assert signed_in.log_in().location == "/users/settings"
    assert "dora's team" in signed_in.page("/users/settings").text
    with transaction(sessions) as session:
        assert session.scalars(select(Membership.role)).all() == ["owner"]


def test_logging_out_ends_this_session_only(client, signed_in) -> None:
    client.log_in()
    client.log_out()
    assert is_signed_in(signed_in)


# --- fetch_current_user


def test_u08_the_session_tells_who_asks(whoami: WhoAmI, signed_in, user) -> None:
    assert whoami(signed_in) == {"ours": str(user.id), "flask-login's": user.email}


def test_u09_the_remember_me_cookie_tells_who_asks(app, whoami: WhoAmI, client, user) -> None:
    client.log_in(remember_me="true")
    again = remembering(app, client)

    assert whoami(again) == {"ours": str(user.id), "flask-login's": user.email}
    assert again.session_items()["user_token"] == client.session_items()["user_token"]


def test_nobody_stays_longer_by_coming_often(app, client, user) -> None:
    client.log_in(remember_me="true")
    answer = remembering(app, client).get("/users/settings")
    assert answer.status_code == 200
    assert REMEMBER_ME not in remember_me_cookie(answer)


def test_u10_without_either_nobody_asks(whoami: WhoAmI, client, user, sessions) -> None:
    with transaction(sessions) as session:
        assert "session" in session.scalars(select(UserToken.context))  # there is one, in another browser

    assert whoami(client) == {"ours": None, "flask-login's": None}
    assert "user_token" not in client.session_items()


def test_a_dead_session_does_not_fall_back_to_the_cookie(app, client, user) -> None:
    client.log_in(remember_me="true")
    again = remembering(app, client)
    with again.session_transaction() as session:
        session["user_token"] = b"x" * 32

    assert not is_signed_in(again)
    assert again.session_items()["user_token"] == b"x" * 32


def test_the_remember_cookie_of_another_flask_application_is_not_ours_to_read(
    whoami: WhoAmI, signed_in, user
) -> None:
    signed_in.set_cookie("remember_token", "1|abcdef")
    assert whoami(signed_in)["flask-login's"] == user.email


def test_the_session_holds_nothing_of_flask_login(signed_in) -> None:
    signed_in.get("/users/settings")
    assert set(signed_in.session_items()) <= {"user_token", "_csrf_token", "_flashes"}


def test_x01_an_expired_session_is_nobodys(signed_in, sessions) -> None:
    with transaction(sessions) as session:
        session.execute(update(UserToken).values(inserted_at=UserToken.inserted_at - timedelta(days=60)))

    assert signed_in.get("/").status_code == 200
    assert not is_signed_in(signed_in)


def with_another(value: str, place: int) -> str:
    """``value`` with another letter at ``place`` (not the last, whose low bits base64 leaves unused)."""
    letters = list(value)
    letters[place] = "A" if letters[place] != "A" else "B"
    return "".join(letters)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: with_another(value, -5),
        lambda value: with_another(value, 0),
        lambda value: value.rpartition(".")[0],
        lambda _value: "",
        lambda _value: "\xff.\xff.\xff",
        lambda _value: "." * 4000,
    ],
)
def test_x02_a_forged_remember_me_cookie_is_nobodys(app, client, user, change: Callable[[str], str]) -> None:
    client.log_in(remember_me="true")
    again = app.test_client()
    again.set_cookie(REMEMBER_ME, change(client.get_cookie(REMEMBER_ME).value))

    assert again.get("/").status_code == 200
    assert not is_signed_in(again)


def test_a_signature_made_for_another_purpose_is_no_remember_me_cookie(app, signed_in) -> None:
    again = app.test_client()
    signed = TimestampSigner(app.secret_key, salt="another").sign(b"x" * 43).decode()
    again.set_cookie(REMEMBER_ME, signed)
    assert not is_signed_in(again)


@pytest.mark.parametrize(("age", "remembered"), [(DAYS_60_S, True), (DAYS_60_S + 1, False)])
def test_a_remember_me_cookie_is_read_for_sixty_days(
    app, client, user, monkeypatch, *, age: int, remembered: bool
) -> None:
    client.log_in(remember_me="true")
    again = remembering(app, client)
    timestamp = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: timestamp(self) + age)

    again.get("/")
    assert ("user_token" in again.session_items()) is remembered


# --- redirect_if_user_is_authenticated


@pytest.mark.parametrize("path", ["/users/register", "/users/log_in"])
def test_u11_who_is_signed_in_is_sent_home(signed_in, path: str) -> None:
    answer = signed_in.get(path)
    assert (answer.status_code, answer.location) == (302, "/")
    assert signed_in.submit(path, email="other@example.com", password="hello world!").location == "/"


@pytest.mark.parametrize("path", ["/users/register", "/users/log_in"])
def test_u12_who_is_not_is_let_through(client, path: str) -> None:
    assert client.get(path).status_code == 200


# --- require_authenticated_user


def test_u13_who_is_not_signed_in_logs_in(client) -> None:
    answer = client.get("/users/settings")

    assert (answer.status_code, answer.location) == (302, "/users/log_in")
    assert flashes(client) == [("error", MUST_LOG_IN)]
    page = client.page("/users/log_in")
    assert page.find(role="alert").text == MUST_LOG_IN
    assert flashes(client) == []


def test_u14_a_get_is_come_back_to(app, client) -> None:
    def returns_to(path: str, method: str = "GET") -> object:
        browser = app.test_client()
        answer = browser.open(path, method=method, headers={"X-CSRF-Token": browser.csrf_token()})
        assert (answer.status_code, answer.location) == (302, "/users/log_in")
        return browser.session_items().get("user_return_to")

    assert returns_to("/users/settings") == "/users/settings"
    assert returns_to("/users/settings?bar=baz") == "/users/settings?bar=baz"
    assert returns_to("/monitors", "POST") is None
    assert returns_to("/users/settings?bar=baz", "PUT") is None
    assert returns_to("/users/sessions", "DELETE") is None
    assert returns_to("/users/settings?a=%0d%0aX:%20y&b=%ff") == "/users/settings?a=%0d%0aX:%20y&b=%ff"
    assert returns_to("/users/settings", "HEAD") == "/users/settings"
    assert returns_to("/users/settings?" + "x" * 2000) == "/"


def test_u15_who_is_signed_in_is_let_through(signed_in) -> None:
    assert signed_in.get("/users/settings").status_code == 200


def test_x11_one_comes_back_to_the_page_and_its_query(client, user) -> None:
    client.get("/users/settings?tab=2&b=%C3%A4")
    assert client.log_in().location == "/users/settings?tab=2&b=%C3%A4"


def test_registering_leads_back_too(client) -> None:
    client.get("/users/settings?tab=2")
    assert client.register().location == "/users/settings?tab=2"


def test_x14_a_flash_survives_that_the_session_is_renewed(app, client, user) -> None:
    client.get("/users/settings")  # leaves the flash, which no page has shown yet
    client.log_in()
    assert flashes(client) == [("error", MUST_LOG_IN)]
    client.log_out()
    assert flashes(client) == [("error", MUST_LOG_IN), ("info", "Logged out successfully.")]
    page = client.page("/")
    assert MUST_LOG_IN in page.text
    assert "Logged out successfully." in page.text
    assert flashes(client) == []


def test_of_two_flashes_of_a_kind_the_last_is_told(client) -> None:
    client.log_out()
    client.log_out()
    assert flashes(client) == [("info", "Logged out successfully.")]


def test_x20_a_cookie_from_before_the_log_out_is_nobodys(app, client, user) -> None:
    client.log_in(remember_me="true")
    session, remember = (client.get_cookie(name).value for name in (SESSION, REMEMBER_ME))
    client.log_out()

    replay = app.test_client()
    replay.set_cookie(SESSION, session)
    replay.set_cookie(REMEMBER_ME, remember)

    assert replay.get("/").status_code == 200
    assert not is_signed_in(replay)


def test_a_session_cookie_that_was_tampered_with_is_nobodys(app, signed_in) -> None:
    value = signed_in.get_cookie(SESSION).value
    for forged in (value[:-2] + "xx", "x" + value[1:], "", "\xff", value * 2):
        again = app.test_client()
        again.set_cookie(SESSION, forged)
        assert not is_signed_in(again)


@pytest.mark.parametrize("path", ["/", "/a", "/a?b=//c", "/a%0d%0a", "/monitors?q=%5C"])
def test_these_paths_stay_here(path: str) -> None:
    assert is_local(path)


@pytest.mark.parametrize("path", ["", "a", "//a", "/\\a", "/a\\b", "/a\nb", "/\t/evil", "http://a/", "/ä"])
def test_these_paths_may_lead_elsewhere(path: str) -> None:
    assert not is_local(path)
