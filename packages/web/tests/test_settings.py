"""The settings of a user: e-mail and password (accounts.md, R10 to R13; T01 to T09), and the log-ins."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from werkzeug.test import TestResponse

from emeter_core.accounts import User, UserSession, UserToken, hash_password, password
from emeter_core.mail import Mail
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.session_cookie import REMEMBER_ME
from emeter_web.views import settings as views

PATH = "/users/settings"
OLD, NEW = "hello world!", "new valid password"
NEW_EMAIL = "new@example.com"
LINK_SENT = "A link to confirm your email change has been sent to the new address."
EMAIL_CHANGED = "Email changed successfully."
BAD_LINK = "Email change link is invalid or it has expired."
PASSWORD_UPDATED = "Password updated successfully."
MUST_LOG_IN = "You must log in to access this page."
OOPS = "Oops, something went wrong! Please check the errors below."
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1.15"

MANY_SESSIONS = text("""
WITH begun AS (
  INSERT INTO users_tokens (id, user_id, token, context, inserted_at)
  SELECT gen_random_uuid(), :user_id, decode(md5(n::text) || md5('x' || n), 'hex'), 'session', now()
  FROM generate_series(1, :count) n RETURNING id
)
INSERT INTO user_sessions (id, user_id, user_token_id, device, seen_at, inserted_at)
SELECT gen_random_uuid(), :user_id, id, 'curl', now(), now() FROM begun
""")


@pytest.fixture
def stored(sessions: SessionFactory) -> Callable[[], User]:
    """The user as they are now; the oldest one where there are several."""

    def find() -> User:
        with transaction(sessions) as session:
            return session.scalars(select(User).order_by(User.inserted_at)).first()

    return find


def change_email(
    browser, email: object = NEW_EMAIL, current_password: object = OLD, **more: object
) -> TestResponse:
    fields = {"action": "update_email", "email": email, "current_password": current_password}
    return browser.submit(PATH, "PUT", **{**fields, **more})


def change_password(
    browser, typed: object = NEW, again: object = NEW, current_password: object = OLD, **more: object
) -> TestResponse:
    fields = {"password": typed, "password_confirmation": again, "current_password": current_password}
    return browser.submit(PATH, "PUT", action="update_password", **{**fields, **more})


def page_of(answer: TestResponse) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def error_at(page: Tag, field: str) -> str:
    found = page.find(id=f"{field}-error")
    return found.text if found else ""


def is_told(browser, text: str, role: str = "status") -> bool:
    """Whether the page of settings tells it, and tells it once."""
    now, later = ([each.text for each in browser.page(PATH).find_all(role=role)] for _ in range(2))
    return text in now and text not in later


def token_of(browser) -> object:
    return browser.session_items().get("user_token")


def log_in_from(app: Flask, agent: str, address: str = "192.0.2.1") -> FlaskClient:
    """Another browser in which the user is signed in."""
    browser = app.test_client()
    answer = browser.post(
        "/users/log_in",
        data={"_csrf_token": browser.csrf_token(), "email": "dora@example.com", "password": OLD},
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 302
    return browser


# --- the page


def test_t01_the_page_is_shown(signed_in) -> None:
    page = signed_in.page(PATH)

    assert "<h1>Settings</h1>" in str(page)
    assert [each.text for each in page.main.find_all("h3")] == ["Change email", "Change password"]
    for action in ("update_email", "update_password"):
        form = page.find("form", id=action)
        assert (form["method"], form["action"]) == ("post", PATH)
        assert form.find("input", {"name": "_method"})["value"] == "put"
        assert form.find("input", {"name": "action"})["value"] == action
    assert page.find("input", id="email")["value"] == "dora@example.com"
    assert page.find("input", id="current_password_for_email")["name"] == "current_password"
    assert page.find("input", id="current_password_for_password")["name"] == "current_password"
    assert all("value" not in each.attrs for each in page.find_all("input", type="password"))
    assert not page.select("[aria-invalid], [role=alert]")


def test_the_page_tells_who_one_is(signed_in) -> None:
    facts = {
        each.dt.text: " ".join(each.dd.text.split()) for each in signed_in.page(PATH).select(".pairs > div")
    }

    assert (facts["Email"], facts["Team"], facts["Role"]) == ("dora@example.com", "dora's team", "owner")
    assert facts["Confirmed"].startswith("not yet")


def test_who_is_not_confirmed_has_the_link_mailed_again(signed_in, mailed_paths) -> None:
    form = signed_in.page(PATH).find("form", action="/users/confirm")
    fields = {each["name"]: each["value"] for each in form.find_all("input")}
    signed_in.post("/users/confirm", data=fields)
    assert signed_in.get(mailed_paths()[-1]).location == "/"

    page = signed_in.page(PATH)
    assert page.find("form", action="/users/confirm") is None
    assert "Confirmedyes" in page.select_one(".pairs").text.replace("\n", "")


def test_all_ids_of_the_page_are_different(signed_in) -> None:
    ids = [each["id"] for each in signed_in.page(PATH).find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_the_page_asks_little(signed_in, count_queries) -> None:
    with count_queries() as queries:
        signed_in.page(PATH)
    assert len(queries) <= 6, str(queries)


def test_t02_who_is_not_signed_in_logs_in_first(client) -> None:
    assert (client.get(PATH).status_code, client.get(PATH).location) == (302, "/users/log_in")


def test_x11_and_comes_back_with_the_query(client, user) -> None:
    client.get(f"{PATH}?tab=2&b=%C3%A4")
    assert client.log_in().location == f"{PATH}?tab=2&b=%C3%A4"


@pytest.mark.parametrize("change", [change_email, change_password])
def test_x12_what_nobody_sends_is_not_come_back_to(client, user, change, contexts) -> None:
    assert change(client).location == "/users/log_in"
    assert "user_return_to" not in client.session_items()
    assert client.log_in().location == "/"
    assert contexts() == ["confirm"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action": ""},
        {"action": "update_everything", "email": NEW_EMAIL, "current_password": OLD},
        {"action": "update_email\0", "email": NEW_EMAIL, "current_password": OLD},
        {"action": "__class__"},
        {"action": ["", "update_email"], "email": NEW_EMAIL, "current_password": OLD},
        {"action": "update_email"},
        {"action": "update_email", "email": NEW_EMAIL},
        {"action": "update_email", "current_password": OLD},
        {"action": "update_email", "user[email]": NEW_EMAIL, "current_password": OLD},
        {"action": "update_password"},
        {"action": "update_password", "password": NEW, "password_confirmation": NEW},
        {"action": "update_password", "password_confirmation": NEW, "current_password": OLD},
        {"action": "update_password", "password": NEW, "current_password[x]": OLD},
    ],
)
def test_a_form_without_what_it_must_have_is_malformed(
    signed_in, contexts, fields: dict[str, object]
) -> None:
    assert signed_in.submit(PATH, "PUT", **fields).status_code == 400
    assert contexts() == ["confirm"]
    assert signed_in.get(PATH).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_no_other_method_changes_anything(signed_in, method: str) -> None:
    headers = {"X-CSRF-Token": signed_in.csrf_token()}
    data = {"action": "update_email", "email": NEW_EMAIL, "current_password": OLD}
    assert signed_in.open(PATH, method=method, data=data, headers=headers).status_code == 405


def test_x15_without_a_token_nothing_changes(signed_in, contexts) -> None:
    data = {"_method": "put", "action": "update_email", "email": NEW_EMAIL, "current_password": OLD}
    assert signed_in.post(PATH, data=data).status_code == 403
    assert contexts() == ["confirm"]


def test_x16_the_query_string_is_not_asked_for_the_method(signed_in) -> None:
    data = {"_csrf_token": signed_in.csrf_token(), "action": "update_email"}
    assert signed_in.post(f"{PATH}?_method=put", data=data).status_code == 405


# --- the password


def test_t03_the_password_is_changed(app: Flask, signed_in) -> None:
    before = token_of(signed_in)
    answer = change_password(signed_in)

    assert (answer.status_code, answer.location) == (302, PATH)
    assert token_of(signed_in) not in {None, before}
    assert is_told(signed_in, PASSWORD_UPDATED)
    assert app.test_client().log_in(password=OLD).status_code == 200
    assert app.test_client().log_in(password=NEW).status_code == 302


def test_t04_what_is_wrong_with_it_stands_at_its_field(app: Flask, signed_in) -> None:
    before = token_of(signed_in)
    answer = change_password(signed_in, "too short", "does not match", "invalid")
    page = page_of(answer)

    assert "<h1>Settings</h1>" in str(page)
    form = page.find("form", id="update_password")
    assert "should be at least 12 character(s)" in error_at(form, "password")
    assert "does not match password" in error_at(form, "password_confirmation")
    assert "is not valid" in error_at(form, "current_password_for_password")
    assert form.find(role="alert").text == OOPS
    assert not page.find("form", id="update_email").select("[aria-invalid], [role=alert]")
    assert not any(text in answer.text for text in ("too short", "does not match<", 'value="invalid"'))
    assert token_of(signed_in) == before
    assert app.test_client().log_in().status_code == 302


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "can't be blank"),
        (" " * 12, "can't be blank"),
        ("x" * 73, "should be at most 72 character(s)"),
        ("🔥" * 20, "should be at most 72 byte(s)"),
        ("hello\0 world!", "must not hold a NUL character"),
        ("Password1234", "is too common: it is among those that are guessed first"),
        ("dora@example.com", "is too close to your email or to the name E-Meter"),
    ],
)
def test_x18_a_bad_password_is_told_why(signed_in, typed: str, told: str) -> None:
    page = page_of(change_password(signed_in, typed, typed))
    assert told in error_at(page, "password")
    assert error_at(page, "current_password_for_password") == ""


@pytest.mark.parametrize("current_password", ["", "\0", OLD + "\0", "x" * 50_000, "🔥" * 30, OLD.upper()])
def test_a_wrong_current_password_is_told_for_both(
    signed_in, current_password: str, stored, contexts
) -> None:
    hashed = stored().hashed_password
    for change, form in ((change_email, "email"), (change_password, "password")):
        page = page_of(change(signed_in, current_password=current_password))
        assert "is not valid" in error_at(page, f"current_password_for_{form}")
    assert stored().hashed_password == hashed
    assert contexts() == ["confirm"]


def test_a_new_password_typed_once_is_accepted(signed_in) -> None:
    fields = {"action": "update_password", "password": NEW, "current_password": OLD}
    assert signed_in.submit(PATH, "PUT", **fields).location == PATH


def test_x10_it_ends_every_other_session_and_every_link_but_this_browser_goes_on(
    app: Flask, signed_in, contexts
) -> None:
    other = app.test_client()
    other.log_in(remember_me="true")
    change_password(signed_in)

    assert signed_in.get(PATH).status_code == 200
    assert contexts() == []
    assert other.get(PATH).location == "/users/log_in"
    other.delete_cookie("_e_meter_web_key")
    assert other.get(PATH).location == "/users/log_in"


def test_the_session_of_before_is_dead_when_it_is_replayed(app: Flask, signed_in) -> None:
    before = signed_in.get_cookie("_e_meter_web_key").value
    change_password(signed_in)

    replay = app.test_client()
    replay.set_cookie("_e_meter_web_key", before)
    assert replay.get(PATH).location == "/users/log_in"


def test_the_session_is_renewed(signed_in) -> None:
    with signed_in.session_transaction() as session:
        session["planted"] = "here"
        session["user_return_to"] = "/elsewhere"
    token = signed_in.csrf_token()

    assert change_password(signed_in).location == PATH
    assert set(signed_in.session_items()) <= {"user_token", "_flashes"}
    assert signed_in.post("/settings/theme", data={"_csrf_token": token}).status_code == 403


def test_a_browser_that_was_remembered_still_is(app: Flask, client, user) -> None:
    client.log_in(remember_me="true")
    before = client.get_cookie(REMEMBER_ME).value
    answer = change_password(client)

    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(f"{REMEMBER_ME}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=5184000"} <= set(cookie.split("; "))
    assert client.get_cookie(REMEMBER_ME).value != before
    again = app.test_client()
    again.set_cookie(REMEMBER_ME, client.get_cookie(REMEMBER_ME).value)
    assert again.get(PATH).status_code == 200


def test_one_that_remembers_an_older_session_remembers_the_new_one(app: Flask, client, user) -> None:
    """Logged in, remembered; then once more without the tick: the cookie is there (part 1, item 9)."""
    client.log_in(remember_me="true")
    older = client.get_cookie(REMEMBER_ME).value
    with client.session_transaction() as session:
        del session["user_token"]
    client.set_cookie(REMEMBER_ME, "")
    client.log_in()
    client.set_cookie(REMEMBER_ME, older)
    change_password(client)

    again = app.test_client()
    again.set_cookie(REMEMBER_ME, client.get_cookie(REMEMBER_ME).value)
    assert again.get(PATH).status_code == 200


def test_one_that_remembers_a_session_that_ended_remembers_the_new_one(app: Flask, client, user) -> None:
    other = app.test_client()
    other.log_in(remember_me="true")
    ended = other.get_cookie(REMEMBER_ME).value
    other.log_out()
    client.log_in()
    client.set_cookie(REMEMBER_ME, ended)
    change_password(client)

    assert client.get_cookie(REMEMBER_ME).value != ended


@pytest.mark.parametrize("forged", ["", "x", "A" * 43 + ".B.C"])
def test_a_cookie_that_we_did_not_sign_is_not_there(client, user, forged: str) -> None:
    client.log_in()
    client.set_cookie(REMEMBER_ME, forged)
    assert REMEMBER_ME not in str(change_password(client).headers)


def test_one_that_was_not_is_not(app: Flask, client, user) -> None:
    client.log_in()
    assert REMEMBER_ME not in str(change_password(client).headers)

    # Nor is it by what somebody else left in this browser.
    somebody = app.test_client()
    somebody.register("somebody@example.com")
    somebody.log_out()
    somebody.log_in("somebody@example.com", remember_me="true")
    client.set_cookie(REMEMBER_ME, somebody.get_cookie(REMEMBER_ME).value)
    assert REMEMBER_ME not in str(change_password(client, OLD, OLD, NEW).headers)


def test_x17_nothing_else_is_taken_from_the_form(signed_in, user, stored) -> None:
    more = {"confirmed_at": "2020-01-01", "hashed_password": "x", "id": "1"}
    change_password(signed_in, email="other@example.com", **more)
    now = stored()

    assert (now.id, now.email, now.confirmed_at) == (user.id, user.email, None)
    assert now.hashed_password.startswith("$2b$")


def test_who_proves_a_password_that_is_changed_meanwhile_changes_nothing(
    signed_in, sessions, monkeypatch, contexts
) -> None:
    """The other change did not end this session, so that the second write alone is looked at."""

    def interfering(prepare: Callable[..., object]) -> Callable[..., object]:
        def while_another_is_quicker(*arguments: object) -> object:
            prepared = prepare(*arguments)
            with transaction(sessions) as session:
                session.execute(update(User).values(hashed_password=hash_password("quicker password")))
            return prepared

        return while_another_is_quicker

    for name, change, form in (
        ("prepare_password_change", change_password, "password"),
        ("apply_user_email", change_email, "email"),
    ):
        with transaction(sessions) as session:
            session.execute(update(User).values(hashed_password=hash_password(OLD)))
        with monkeypatch.context() as patched:
            patched.setattr(views, name, interfering(getattr(views, name)))
            page = page_of(change(signed_in))
        assert "is not valid" in error_at(page, f"current_password_for_{form}")
    assert contexts() == ["confirm"]


@pytest.mark.parametrize("change", [change_email, change_password])
def test_no_transaction_is_open_while_passwords_are_hashed(
    app: Flask, signed_in, monkeypatch, change
) -> None:
    pool = app.extensions["emeter"].database.engine.pool
    open_connections: list[int] = []

    for name in ("hashpw", "checkpw"):
        real = getattr(password.bcrypt, name)
        monkeypatch.setattr(
            password.bcrypt,
            name,
            lambda *arguments, real=real: open_connections.append(pool.checkedout()) or real(*arguments),
        )
    assert change(signed_in).status_code == 302

    assert open_connections
    assert set(open_connections) == {0}


def test_who_finds_a_browser_open_does_not_find_out_its_password(app: Flask, signed_in) -> None:
    answers = [change_password(signed_in, current_password="a guess").status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert change_email(signed_in).status_code == 429


# --- the e-mail


def test_t05_the_link_goes_to_the_new_email_and_the_old_one_stays(
    signed_in, stored, contexts, mails: Callable[[], list[Mail]]
) -> None:
    answer = change_email(signed_in)

    assert (answer.status_code, answer.location) == (302, PATH)
    assert is_told(signed_in, LINK_SENT)
    assert stored().email == "dora@example.com"
    assert contexts() == ["change:dora@example.com", "confirm"]
    mail = mails()[-1]
    assert (mail.to, mail.subject) == (NEW_EMAIL, "Update email instructions")
    assert "http://localhost:8000/users/settings/confirm_email/" in mail.text


def test_t06_what_is_wrong_with_it_stands_at_its_field(signed_in, contexts) -> None:
    page = page_of(change_email(signed_in, "with spaces", "invalid"))

    assert "<h1>Settings</h1>" in str(page)
    form = page.find("form", id="update_email")
    assert "must have the @ sign and no spaces" in error_at(form, "email")
    assert "is not valid" in error_at(form, "current_password_for_email")
    assert form.find("input", id="email")["value"] == "with spaces"
    assert form.find(role="alert").text == OOPS
    assert not page.find("form", id="update_password").select("[aria-invalid], [role=alert]")
    assert contexts() == ["confirm"]


@pytest.mark.parametrize(
    ("email", "told"),
    [
        ("dora@example.com", "did not change"),
        ("", "did not change can't be blank"),
        (" ", "did not change can't be blank"),
        ("a\0b@example.com", "must have the @ sign and no spaces"),
        ("a@b\n", "must have the @ sign and no spaces"),
        ("x" * 149 + "@example.com", "should be at most 160 character(s)"),
        ("STRANGER@example.com", "has already been taken"),
        ('"><script>alert(1)</script>@x', ""),
    ],
)
def test_a_bad_email_is_told_why(signed_in, stranger, email: str, told: str) -> None:
    answer = change_email(signed_in, email)
    if not told:
        assert "<script>alert" not in answer.text
    else:
        assert told in error_at(page_of(answer), "email")


def test_t07_the_link_changes_the_email_once(signed_in, stored, mailed_paths, mails) -> None:
    change_email(signed_in)
    signed_in.get(PATH)
    link = mailed_paths()[-1]

    assert signed_in.get(link).location == PATH
    assert is_told(signed_in, EMAIL_CHANGED)
    assert stored().email == NEW_EMAIL
    assert stored().confirmed_at is not None
    assert (mails()[-1].to, mails()[-1].subject) == ("dora@example.com", "Your email was changed")

    assert signed_in.get(link).location == PATH
    assert is_told(signed_in, BAD_LINK, "alert")
    assert stored().email == NEW_EMAIL


@pytest.mark.parametrize("token", ["oops", "x" * 43, "%00", "%ff", "a" * 3000])
def test_t08_another_link_changes_nothing(signed_in, stored, token: str) -> None:
    change_email(signed_in)
    signed_in.get(PATH)

    assert signed_in.get(f"{PATH}/confirm_email/{token}").location == PATH
    assert is_told(signed_in, BAD_LINK, "alert")
    assert stored().email == "dora@example.com"


def test_t09_who_is_not_signed_in_logs_in_and_the_link_is_followed_then(
    app: Flask, signed_in, stored, mailed_paths
) -> None:
    change_email(signed_in)
    browser = app.test_client()

    assert browser.get(mailed_paths()[-1]).location == "/users/log_in"
    assert stored().email == "dora@example.com"
    answer = browser.log_in()
    assert answer.location == mailed_paths()[-1]
    assert browser.get(answer.location).location == PATH
    assert stored().email == NEW_EMAIL


def test_x05_the_case_of_the_email_can_be_changed(app: Flask, signed_in, stored, mailed_paths) -> None:
    assert change_email(signed_in, "Dora@Example.com").location == PATH
    assert signed_in.get(mailed_paths()[-1]).location == PATH

    assert stored().email == "Dora@Example.com"
    assert app.test_client().log_in("dora@example.com").status_code == 302


def test_x06_an_email_that_was_taken_meanwhile_keeps_the_link(
    app: Flask, signed_in, stored, mailed_paths, contexts
) -> None:
    change_email(signed_in)
    link = mailed_paths()[-1]
    app.test_client().register(NEW_EMAIL)
    signed_in.get(PATH)

    assert signed_in.get(link).location == PATH
    assert is_told(signed_in, BAD_LINK, "alert")
    assert stored().email == "dora@example.com"
    assert "change:dora@example.com" in contexts()


def test_the_link_is_good_for_who_asked_alone(signed_in, stranger, stored, mailed_paths) -> None:
    change_email(signed_in)
    link = mailed_paths()[-1]

    assert stranger.get(link).location == PATH
    assert is_told(stranger, BAD_LINK, "alert")
    assert signed_in.get(link).location == PATH
    assert stored().email == NEW_EMAIL


@pytest.mark.parametrize(("days", "email"), [(6, NEW_EMAIL), (8, "dora@example.com")])
def test_the_link_is_good_for_7_days(
    signed_in, stored, sessions, mailed_paths, days: int, email: str
) -> None:
    change_email(signed_in)
    with transaction(sessions) as session:
        older = UserToken.inserted_at - timedelta(days=days)
        session.execute(update(UserToken).values(inserted_at=older))
    signed_in.get(mailed_paths()[-1])
    assert stored().email == email


def test_x21_the_link_does_not_heed_the_host_header(client, user, mails) -> None:
    evil = "http://192.0.2.66/"

    def fill_in(path: str, form: str, **fields: str) -> TestResponse:
        """Submit a form of a page that was asked for by another host, with its hidden fields."""
        page = BeautifulSoup(client.get(path, base_url=evil).text, "html.parser")
        hidden = {each["name"]: each["value"] for each in page.select_one(form).select("input[type=hidden]")}
        return client.post(
            path, data={**hidden, **fields}, headers={"X-Forwarded-Host": "192.0.2.66"}, base_url=evil
        )

    assert fill_in("/users/log_in", "form", email=user.email, password=OLD).status_code == 302
    assert fill_in(PATH, "#update_email", email=NEW_EMAIL, current_password=OLD).status_code == 302
    assert "http://localhost:8000/users/settings/confirm_email/" in mails()[-1].text
    assert "192.0.2" not in mails()[-1].text


def test_mails_to_one_email_are_few_and_other_changes_are_not_counted(signed_in, contexts) -> None:
    for _ in range(6):
        assert change_password(signed_in, "short").status_code == 200
    assert [change_email(signed_in).status_code for _ in range(6)] == [302] * 5 + [429]
    assert contexts().count("change:dora@example.com") == 5
    assert change_password(signed_in).status_code == 302


# --- where one is logged in


def rows(browser) -> list[Tag]:
    return browser.page(PATH).select("[data-session]")


def end(browser, row: Tag) -> TestResponse:
    """Press End in this row."""
    form = row.find("form")
    return browser.post(form["action"], data={each["name"]: each["value"] for each in form.find_all("input")})


def test_the_page_tells_where_one_is_logged_in(app: Flask, signed_in) -> None:
    log_in_from(app, SAFARI, "2001:db8::7")
    told = [" ".join(row.text.split()) for row in rows(signed_in)]

    assert len(told) == 3
    assert sum("Safari on macOS 2001:db8::7 just now" in row for row in told) == 1
    # This browser stands first, though the other one was seen later.
    current, *others = rows(signed_in)
    assert "This browser" in current.text
    assert current.find("form") is None
    assert all(other.find("form") for other in others)


def test_one_session_is_ended_from_afar(app: Flask, signed_in) -> None:
    phone = log_in_from(app, SAFARI)
    (row,) = [each for each in rows(signed_in) if "Safari" in each.text]
    answer = end(signed_in, row)

    assert (answer.status_code, answer.location) == (303, PATH)
    assert is_told(signed_in, "That log-in was ended.")
    assert phone.get(PATH).location == "/users/log_in"
    assert len(rows(signed_in)) == 2

    answer = end(signed_in, row)
    assert (answer.status_code, answer.location) == (303, PATH)
    assert is_told(signed_in, "That log-in had ended already.")
    assert len(rows(signed_in)) == 2


def test_all_others_are_ended_at_once(app: Flask, signed_in, stranger, contexts) -> None:
    others = [log_in_from(app, SAFARI) for _ in range(3)]
    form = signed_in.page(PATH).find("form", action="/users/sessions")
    answer = signed_in.post(
        form["action"], data={each["name"]: each["value"] for each in form.find_all("input")}
    )

    assert (answer.status_code, answer.location) == (303, PATH)
    assert is_told(signed_in, "All other log-ins were ended.")
    assert {other.get(PATH).location for other in others} == {"/users/log_in"}
    assert stranger.get(PATH).status_code == 200
    assert contexts() == ["confirm", "confirm"]
    page = signed_in.page(PATH)
    assert len(page.select("[data-session]")) == 1
    assert page.find("form", action="/users/sessions") is None
    assert signed_in.submit("/users/sessions", "DELETE").status_code == 303


def test_ending_this_one_logs_out(client, user) -> None:
    client.log_in(remember_me="true")
    (current,) = [row for row in rows(client) if "This browser" in row.text]
    answer = client.submit(f"/users/sessions/{current['data-session']}", "DELETE")

    assert (answer.status_code, answer.location) == (302, "/")
    assert "Logged out successfully." in client.get("/").text
    assert client.get_cookie(REMEMBER_ME) is None
    assert client.get(PATH).location == "/users/log_in"


def test_of_very_many_the_newest_are_shown_and_all_are_ended(signed_in, user, sessions) -> None:
    with transaction(sessions) as session:
        session.execute(MANY_SESSIONS, {"user_id": user.id, "count": 300})
        living = session.scalar(select(func.count()).select_from(UserSession))
    page = signed_in.page(PATH)
    shown = page.select("[data-session]")
    assert len(shown) == 50
    assert "This browser" in shown[0].text
    assert f"and {living - 50} more" in page.main.text

    signed_in.submit("/users/sessions", "DELETE")
    page = signed_in.page(PATH)
    assert len(page.select("[data-session]")) == 1
    assert "more, which" not in page.main.text


def test_a_session_of_somebody_else_is_as_one_that_never_was(signed_in, stranger) -> None:
    (theirs,) = rows(stranger)
    answers = []
    for session_id in (theirs["data-session"], "11111111-1111-1111-1111-111111111111"):
        answer = signed_in.submit(f"/users/sessions/{session_id}", "DELETE")
        assert is_told(signed_in, "That log-in had ended already.")
        told = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Date"}}
        told["Content-Security-Policy"] = told["Content-Security-Policy"].count("nonce")
        answers.append((answer.status_code, answer.text, told))

    assert answers[0] == answers[1]
    assert answers[0][0] == 303
    assert stranger.get(PATH).status_code == 200
    assert signed_in.get(PATH).status_code == 200


@pytest.mark.parametrize("path", ["/users/sessions/1", "/users/sessions/%00", "/users/sessions/"])
def test_what_names_no_session_is_not_there(signed_in, path: str) -> None:
    assert signed_in.submit(path, "DELETE").status_code == 404


def test_nobody_ends_a_session(client, signed_in) -> None:
    (row, _) = rows(signed_in)
    for path in ("/users/sessions", f"/users/sessions/{row['data-session']}"):
        assert client.submit(path, "DELETE").location == "/users/log_in"
        assert signed_in.get(path).status_code == 405
        assert signed_in.post(path, data={"_method": "delete"}).status_code == 403
    assert len(rows(signed_in)) == 2
