"""A new password for whoever forgot theirs (accounts.md, R6 to R9; P01 to P08)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import delete, select, update
from werkzeug.test import TestResponse

from emeter_core.accounts import User, UserToken, hash_password, password
from emeter_core.mail import Mail
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.views import reset_passwords as views

SENT = "If your email is in our system, you will receive instructions to reset your password shortly."
RESET = "Password reset successfully."
BAD_LINK = "Reset password link is invalid or it has expired."
NEW = "new valid password"


@pytest.fixture
def path(client, user, mailed_paths: Callable[[], list[str]]) -> str:
    """Where the link leads that was mailed to `user`."""
    assert client.submit("/users/reset_password", email=user.email).status_code == 302
    client.get("/")  # tells what the answer left to tell
    return mailed_paths()[-1]


def without_tokens(sessions: SessionFactory) -> None:
    with transaction(sessions) as session:
        session.execute(delete(UserToken))


def token_contexts(sessions: SessionFactory) -> list[str]:
    """What the tokens of all users are good for, sessions among them."""
    with transaction(sessions) as session:
        return sorted(session.scalars(select(UserToken.context)))


def page_of(answer: TestResponse) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def error_at(page: BeautifulSoup, field: str) -> str:
    found = page.find(id=f"{field}-error")
    return found.text if found else ""


def is_told(browser, text: str, role: str) -> bool:
    """Whether the next page tells it, and the one after it no more."""
    now, later = ([each.text for each in browser.page("/").find_all(role=role)] for _ in range(2))
    return text in now and text not in later


# --- asking for the link


def test_p01_the_form_is_shown(client) -> None:
    page = client.page("/users/reset_password")

    assert "<h1>Forgot your password?</h1>" in str(page)
    assert page.find("input", id="email")["type"] == "email"
    assert {"Log in", "Register"} <= {link.text for link in page.find_all("a")}


def test_the_forms_of_those_who_want_in_lead_to_it(client) -> None:
    for path in ("/users/log_in", "/users/register"):
        link = client.page(path).find("a", string="Forgot your password?")
        assert link["href"] == "/users/reset_password"


def test_p02_the_link_is_mailed(client, user, sessions, mails: Callable[[], list[Mail]]) -> None:
    without_tokens(sessions)
    answer = client.submit("/users/reset_password", email=user.email.upper())

    assert (answer.status_code, answer.location) == (302, "/")
    assert is_told(client, SENT, "status")
    assert token_contexts(sessions) == ["reset_password"]
    mail = mails()[-1]
    assert (mail.to, mail.subject) == (user.email, "Reset password instructions")
    assert "http://localhost:8000/users/reset_password/" in mail.text


def test_p03_who_is_unknown_gets_the_same_answer_and_no_mail(
    client, user, sessions, mails: Callable[[], list[Mail]]
) -> None:
    without_tokens(sessions)
    before = len(mails())
    answer = client.submit("/users/reset_password", email="unknown@example.com")

    assert (answer.status_code, answer.location) == (302, "/")
    assert is_told(client, SENT, "status")
    assert token_contexts(sessions) == []
    assert len(mails()) == before


@pytest.mark.parametrize(
    "fields", [{}, {"user[email]": "dora@example.com"}, {"email[x]": "dora@example.com"}]
)
def test_without_an_email_the_form_is_malformed(client, user, fields: dict[str, str]) -> None:
    assert client.submit("/users/reset_password", **fields).status_code == 400


def test_of_repeated_emails_the_first_counts(client, user, mails: Callable[[], list[Mail]]) -> None:
    client.submit("/users/reset_password", email=["nobody@example.com", user.email])
    assert "Reset password instructions" not in {mail.subject for mail in mails()}


@pytest.mark.parametrize(
    "email", ["", "\0", "dora@example.com\0", "x" * 5000, "🔥@example.com", "%", "' OR 1=1 --"]
)
def test_what_is_no_email_is_nobodys(client, user, contexts, email: str) -> None:
    assert client.submit("/users/reset_password", email=email).location == "/"
    assert contexts() == ["confirm"]


def test_mails_to_one_address_are_few(client, user, contexts) -> None:
    answers = [client.submit("/users/reset_password", email=user.email).status_code for _ in range(6)]

    assert answers == [302] * 5 + [429]
    assert contexts().count("reset_password") == 5


def test_x21_the_link_does_not_heed_the_host_header(client, user, mails: Callable[[], list[Mail]]) -> None:
    evil = "http://192.0.2.66/"
    form = BeautifulSoup(client.get("/users/reset_password", base_url=evil).text, "html.parser")
    token = form.find("input", {"name": "_csrf_token"})["value"]
    answer = client.post(
        "/users/reset_password",
        data={"_csrf_token": token, "email": user.email},
        headers={"X-Forwarded-Host": "192.0.2.66"},
        base_url=evil,
    )

    assert answer.status_code == 302
    assert "http://localhost:8000/users/reset_password/" in mails()[-1].text
    assert "192.0.2" not in mails()[-1].text


# --- following it


def test_p04_the_link_leads_to_the_form(client, path: str) -> None:
    page = client.page(path)

    assert "<h1>Reset password</h1>" in str(page)
    form = page.find("form", class_="form")
    assert form["action"] == path
    assert form.find("input", {"name": "_method"})["value"] == "put"
    assert [each["type"] for each in form.select(".input")] == ["password", "password"]
    assert client.get(path).status_code == 200


BAD_TOKENS = ["oops", "x" * 43, "%00", "%ff", "a" * 3000, "=", "-_-"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_p05_another_link_leads_home(client, user, token: str) -> None:
    assert client.get(f"/users/reset_password/{token}").location == "/"
    assert is_told(client, BAD_LINK, "alert")


def test_p06_the_password_is_reset(client, path: str, sessions) -> None:
    answer = client.submit(path, "PUT", password=NEW, password_confirmation=NEW)

    assert (answer.status_code, answer.location) == (302, "/users/log_in")
    assert "user_token" not in client.session_items()
    assert RESET in client.get("/users/log_in").text
    assert token_contexts(sessions) == []
    assert client.log_in().status_code == 200
    assert client.log_in(password=NEW).status_code == 302


def test_a_link_is_good_once(client, path: str) -> None:
    client.submit(path, "PUT", password=NEW, password_confirmation=NEW)
    client.get("/")

    assert client.get(path).location == "/"
    assert is_told(client, BAD_LINK, "alert")
    assert client.submit(path, "PUT", password="another password").location == "/"
    assert client.log_in(password=NEW).status_code == 302


def test_p07_what_is_wrong_stands_at_its_field_and_the_link_stays_good(client, path: str) -> None:
    answer = client.submit(path, "PUT", password="too short", password_confirmation="does not match")
    page = page_of(answer)

    assert page.h1.text == "Reset password"
    assert "should be at least 12 character(s)" in error_at(page, "password")
    assert "does not match password" in error_at(page, "password_confirmation")
    assert page.find(role="alert").text == "Oops, something went wrong! Please check the errors below."
    assert "too short" not in answer.text
    assert page.find("form", class_="form")["action"] == path
    assert client.submit(path, "PUT", password=NEW, password_confirmation=NEW).location == "/users/log_in"


@pytest.mark.parametrize("token", BAD_TOKENS)
@pytest.mark.parametrize("fields", [{}, {"password": NEW, "password_confirmation": NEW}])
def test_p08_another_link_resets_nothing(client, user, token: str, fields: dict[str, str]) -> None:
    assert client.submit(f"/users/reset_password/{token}", "PUT", **fields).location == "/"
    assert is_told(client, BAD_LINK, "alert")
    assert client.log_in().status_code == 302


def test_without_a_password_the_form_is_malformed(client, path: str) -> None:
    assert client.submit(path, "PUT").status_code == 400
    assert client.submit(path, "PUT", password_confirmation=NEW).status_code == 400
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "can't be blank"),
        (" " * 12, "can't be blank"),
        ("\t\n" * 8, "can't be blank"),
        ("x" * 11, "should be at least 12 character(s)"),
        ("x" * 73, "should be at most 72 character(s)"),
        ("🔥" * 20, "should be at most 72 byte(s)"),
        ("hello\0 world!", "must not hold a NUL character"),
        ("Password1234", "is too common: it is among those that are guessed first"),
        ("dora@example.com", "is too close to your email or to the name E-Meter"),
    ],
)
def test_x18_a_bad_password_is_told_why(client, path: str, typed: str, told: str) -> None:
    page = page_of(client.submit(path, "PUT", password=typed, password_confirmation=typed))
    assert told in error_at(page, "password")


def test_x19_a_password_typed_once_is_accepted(client, path: str) -> None:
    assert client.submit(path, "PUT", password=NEW).location == "/users/log_in"
    assert client.log_in(password=NEW).status_code == 302


def test_nothing_but_the_password_is_taken_from_the_form(client, path: str, user, sessions) -> None:
    more = {"email": "other@example.com", "confirmed_at": "2020-01-01", "hashed_password": "x", "id": "1"}
    client.submit(path, "PUT", password=NEW, **more)
    with transaction(sessions) as session:
        stored = session.scalars(select(User)).one()
    assert (stored.id, stored.email, stored.confirmed_at) == (user.id, user.email, None)
    assert stored.hashed_password.startswith("$2b$")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_no_other_method_resets(client, path: str, method: str) -> None:
    headers = {"X-CSRF-Token": client.csrf_token()}
    assert client.open(path, method=method, data={"password": NEW}, headers=headers).status_code == 405


def test_a_real_put_resets_too(client, path: str) -> None:
    headers = {"X-CSRF-Token": client.csrf_token()}
    assert client.put(path, data={"password": NEW}, headers=headers).location == "/users/log_in"


# --- who, and when


def test_x08_after_a_change_of_the_email_the_link_is_dead(
    signed_in, path: str, mailed_paths, app: Flask
) -> None:
    signed_in.submit(
        "/users/settings",
        "PUT",
        action="update_email",
        email="new@example.com",
        current_password="hello world!",
    )
    signed_in.get(mailed_paths()[-1])
    browser = app.test_client()

    assert browser.get(path).location == "/"
    assert is_told(browser, BAD_LINK, "alert")
    assert browser.submit(path, "PUT", password=NEW).location == "/"
    assert browser.log_in("new@example.com").status_code == 302


def test_x09_a_reset_logs_out_all_devices(app: Flask, client, path: str) -> None:
    devices = [app.test_client() for _ in range(2)]
    for device in devices:
        assert device.log_in(remember_me="true").status_code == 302
    client.submit(path, "PUT", password=NEW, password_confirmation=NEW)

    for device in devices:
        assert device.get("/users/settings").location == "/users/log_in"
        device.delete_cookie("_e_meter_web_key")
        assert device.get("/users/settings").location == "/users/log_in"


def test_x13_who_is_signed_in_cannot_use_it_and_the_link_stays_good(
    signed_in, client, path: str, contexts
) -> None:
    for answer in (
        signed_in.get("/users/reset_password"),
        signed_in.submit("/users/reset_password", email="dora@example.com"),
        signed_in.get(path),
        signed_in.submit(path, "PUT", password=NEW, password_confirmation=NEW),
    ):
        assert (answer.status_code, answer.location) == (302, "/")
    assert "_flashes" not in signed_in.session_items()
    assert contexts() == ["confirm", "reset_password"]
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(timedelta(hours=23), 200), (timedelta(hours=25), 302)])
def test_a_link_is_good_for_a_day(client, path: str, sessions, age: timedelta, status: int) -> None:
    with transaction(sessions) as session:
        session.execute(update(UserToken).values(inserted_at=UserToken.inserted_at - age))
    assert client.get(path).status_code == status
    assert client.submit(path, "PUT", password="short").status_code == status


def test_of_two_who_use_a_link_at_once_the_second_is_refused(
    client, path: str, sessions, monkeypatch
) -> None:
    prepare = views.prepare_password_reset

    def while_another_is_quicker(user: User, changes: object) -> object:
        prepared = prepare(user, changes)
        with transaction(sessions) as session:
            session.execute(update(User).values(hashed_password=hash_password("quicker password")))
        return prepared

    monkeypatch.setattr(views, "prepare_password_reset", while_another_is_quicker)

    assert client.submit(path, "PUT", password=NEW).location == "/"
    assert is_told(client, BAD_LINK, "alert")
    assert client.log_in(password=NEW).status_code == 200
    assert client.log_in(password="quicker password").status_code == 302


def test_no_transaction_is_open_while_the_password_is_hashed(
    app: Flask, client, path: str, monkeypatch
) -> None:
    pool = app.extensions["emeter"].database.engine.pool
    open_connections: list[int] = []
    hashed = password.bcrypt.hashpw

    def watched(*arguments: bytes) -> bytes:
        open_connections.append(pool.checkedout())
        return hashed(*arguments)

    monkeypatch.setattr(password.bcrypt, "hashpw", watched)
    client.submit(path, "PUT", password=NEW)

    assert open_connections == [0]


def test_where_registration_is_closed_people_still_reset(
    make_app: Callable[[Settings], Flask], settings: Settings, path: str
) -> None:
    browser = make_app(settings.model_copy(update={"registration": "closed"})).test_client()

    assert "Register" not in browser.page("/users/reset_password").text
    assert browser.submit(path, "PUT", password=NEW).location == "/users/log_in"
