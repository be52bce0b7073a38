"""Registration (accounts.md, R1 and R2; G01 to G04)."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select, update

from emeter_core.accounts import User, UserToken, password
from emeter_core.outbox import Delivery
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction

OOPS = "Oops, something went wrong! Please check the errors below."


def count(sessions: SessionFactory, model: type) -> int:
    with transaction(sessions) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def error_at(page: BeautifulSoup, field: str) -> str:
    found = page.find(id=f"{field}-error")
    return found.text if found else ""


def test_g01_the_form_is_shown(client) -> None:
    page = client.page("/users/register")

    assert page.h1.text == "Register"
    assert {"Log in", "Register"} <= {link.text for link in page.find_all("a")}
    assert page.find(role="alert") is None
    assert page.find("input", id="password")["type"] == "password"


def test_g02_who_is_signed_in_needs_no_account(signed_in) -> None:
    assert signed_in.get("/users/register").location == "/"


def test_g03_registering_makes_an_account_and_logs_in(client, sessions) -> None:
    answer = client.register("Dora@Example.com")

    assert (answer.status_code, answer.location) == (302, "/")
    assert "user_token" in client.session_items()
    home = client.get("/").text
    for text in ("Dora@Example.com", "Settings</a>", "Log out</a>", "User created successfully."):
        assert text in home
    assert "User created successfully." not in client.get("/").text
    assert "_e_meter_web_user_remember_me" not in str(answer.headers)


def test_g04_what_is_wrong_stands_at_its_field(client, sessions) -> None:
    answer = client.register("with spaces", "too short")
    page = BeautifulSoup(answer.text, "html.parser")

    assert answer.status_code == 200
    assert page.h1.text == "Register"
    assert "must have the @ sign and no spaces" in error_at(page, "email")
    assert "should be at least 12 character" in error_at(page, "password")
    assert page.find(role="alert").text == OOPS
    assert page.find("input", id="email")["value"] == "with spaces"
    assert "value" not in page.find("input", id="password").attrs
    assert "too short" not in answer.text
    assert count(sessions, User) == 0


def test_without_fields_both_are_missing(client) -> None:
    page = BeautifulSoup(client.submit("/users/register", email="").text, "html.parser")

    assert (error_at(page, "email"), error_at(page, "password")) == ("can't be blank", "can't be blank")


def test_an_email_that_is_taken_is_told_beside_the_rest(client, user) -> None:
    page = BeautifulSoup(client.register("DORA@example.com", "short").text, "html.parser")

    assert "has already been taken" in error_at(page, "email")
    assert "should be at least 12 character(s)" in error_at(page, "password")


def test_x17_nothing_but_email_and_password_is_taken_from_the_form(client, sessions) -> None:
    more = {
        "id": "00000000-0000-0000-0000-000000000000",
        "confirmed_at": "2020-01-01",
        "hashed_password": "x",
    }
    client.submit("/users/register", email="dora@example.com", password="hello world!", **more)
    with transaction(sessions) as session:
        user = session.scalars(select(User)).one()
    assert user.confirmed_at is None
    assert user.hashed_password.startswith("$2b$")
    assert str(user.id) != more["id"]


def test_x22_of_two_who_register_one_address_at_once_one_gets_it(app: Flask, sessions) -> None:
    answers, together = [], Barrier(2)

    def register() -> None:
        browser = app.test_client()
        together.wait()
        answers.append(browser.register())

    threads = [Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert any("has already been taken" in answer.text for answer in answers)
    assert count(sessions, User) == 1


def test_the_link_that_confirms_is_mailed_in_the_same_transaction(client, sessions) -> None:
    client.register()
    with transaction(sessions) as session:
        delivery = session.scalars(select(Delivery)).one()
        contexts = set(session.scalars(select(UserToken.context)))
    assert delivery.event == "account.confirmation"
    assert contexts == {"confirm", "session"}


def test_no_transaction_is_open_while_the_password_is_hashed(app, client, monkeypatch) -> None:
    pool = app.extensions["emeter"].database.engine.pool
    open_connections: list[int] = []
    hashed = password.bcrypt.hashpw

    def watched(*arguments: bytes) -> bytes:
        open_connections.append(pool.checkedout())
        return hashed(*arguments)

    monkeypatch.setattr(password.bcrypt, "hashpw", watched)
    client.register()

    assert open_connections == [0]


@pytest.fixture
def closed(make_app: Callable[[Settings], Flask], settings: Settings) -> Flask:
    """The application with EMETER_REGISTRATION=closed."""
    return make_app(settings.model_copy(update={"registration": "closed"}))


def test_where_registration_is_closed_nobody_registers_but_the_first(closed: Flask, sessions) -> None:
    first, second = closed.test_client(), closed.test_client()
    for path in ("/", "/users/log_in"):
        assert "/users/register" in first.get(path).text
    assert first.get("/users/register").status_code == 200
    assert first.register().location == "/"

    assert second.get("/users/register").status_code == 403
    assert second.register("second@example.com").status_code == 403
    assert second.submit("/users/register").status_code == 403
    assert count(sessions, User) == 1
    for path in ("/", "/users/log_in", "/users/reset_password", "/users/confirm"):
        assert "/users/register" not in second.get(path).text


def test_where_registration_is_closed_the_page_says_whom_to_ask(closed: Flask, user) -> None:
    page = BeautifulSoup(closed.test_client().get("/users/register").text, "html.parser")
    assert page.h1.text == "Registration is closed"
    assert "Ask whoever runs it for an account." in page.main.text
    assert page.find("form") is None
    assert page.find("a", href="/users/log_in").text == "Log in"


def test_where_registration_is_closed_of_two_at_once_one_is_the_first(closed: Flask, sessions) -> None:
    answers, together = [], Barrier(2)

    def register(email: str) -> None:
        browser = closed.test_client()
        together.wait()
        answers.append(browser.register(email))

    threads = [Thread(target=register, args=[f"{name}@example.com"]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [302, 403]
    assert "Registration is closed" in max(answers, key=lambda answer: answer.status_code).text
    assert count(sessions, User) == count(sessions, Delivery) == 1


def test_where_registration_is_closed_nothing_is_hashed_for_strangers(closed, user, monkeypatch) -> None:
    monkeypatch.setattr(password.bcrypt, "hashpw", lambda *_: pytest.fail("a hash for nobody"))
    assert closed.test_client().register("second@example.com").status_code == 403


@pytest.mark.parametrize(
    ("email", "typed", "error"),
    [
        ("dora@example.com", "Password1234", "is too common: it is among those that are guessed first"),
        ("dora@example.com", "dora-dora-dora", "is too close to your email or to the name E-Meter"),
        ("dora@example.com", "e-meter e-meter", "is too close to your email or to the name E-Meter"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_with_the_reason(
    client, sessions, email: str, typed: str, error: str
) -> None:
    page = BeautifulSoup(client.register(email, typed).text, "html.parser")
    assert error_at(page, "password") == error
    assert count(sessions, User) == 0


def test_an_old_link_does_not_matter_to_who_registers_anew(client, user, sessions) -> None:
    with transaction(sessions) as session:
        session.execute(update(UserToken).values(inserted_at=UserToken.inserted_at - timedelta(days=99)))
    assert client.register("new@example.com").status_code == 302


@pytest.mark.parametrize("email", ["dora@example.com\n", "a\0b@example.com", "a\u202eb@example.com"])
def test_an_email_that_cannot_be_stored_or_seen_is_refused_at_its_field(client, email: str) -> None:
    page = BeautifulSoup(client.register(email).text, "html.parser")
    assert "must have the @ sign and no spaces" in error_at(page, "email")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"remember_me=true", "application/x-www-form-urlencoded"),
        (b"user=a", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b'{"email": "a@example.com", "password": "hello world!"}', "application/json"),
        (b"email=a@example.com", "text/plain"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_a_form_without_any_of_its_fields_is_malformed(client, body: bytes, kind: str) -> None:
    """accounts.md, section 5: R2 without `user`."""
    headers = {"X-CSRF-Token": client.csrf_token()}
    assert client.post("/users/register", data=body, content_type=kind, headers=headers).status_code == 400
