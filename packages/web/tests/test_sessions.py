"""Log-in and log-out (accounts.md, R3 to R5; S01 to S08)."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select, update

from emeter_core.accounts import User, UserSession, hash_password, password
from emeter_core.mail import Mail
from emeter_storage.engine import transaction
from emeter_web.known_device import KNOWN_DEVICES
from emeter_web.session_cookie import REMEMBER_ME
from emeter_web.views import sessions as views

INVALID = "Invalid email or password"


def told(answer) -> str:
    alert = BeautifulSoup(answer.text, "html.parser").find(role="alert")
    return alert.text if alert else ""


def test_s01_the_form_is_shown(client) -> None:
    page = client.page("/users/log_in")

    assert page.h1.text == "Log in"
    assert {"Log in", "Register"} <= {link.text for link in page.find_all("a")}
    assert "Keep me logged in for 60 days" in page.text
    assert page.find(role="alert") is None


def test_the_form_may_come_with_an_email(client) -> None:
    page = client.page("/users/log_in?email=dora%40example.com")
    assert page.find("input", id="email")["value"] == "dora@example.com"


def test_s02_who_is_signed_in_need_not_log_in(signed_in) -> None:
    assert signed_in.get("/users/log_in").location == "/"


def test_s03_logging_in(client, user) -> None:
    answer = client.log_in()

    assert (answer.status_code, answer.location) == (302, "/")
    assert "user_token" in client.session_items()
    home = client.get("/").text
    for text in (user.email, "Settings</a>", "Log out</a>"):
        assert text in home
    assert "_flashes" not in client.session_items()


def test_x04_the_case_of_the_email_does_not_matter(client, user) -> None:
    assert client.log_in(user.email.upper()).status_code == 302


def test_s04_logging_in_for_sixty_days(client, user) -> None:
    answer = client.log_in(remember_me="true")

    assert answer.location == "/"
    assert any(cookie.startswith(f"{REMEMBER_ME}=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_s05_logging_in_leads_back(client, user) -> None:
    with client.session_transaction() as session:
        session["user_return_to"] = "/foo/bar"
    assert client.log_in().location == "/foo/bar"


def test_s06_a_wrong_password_is_told(client, user) -> None:
    answer = client.log_in(password="invalid_password", remember_me="true")
    page = BeautifulSoup(answer.text, "html.parser")

    assert answer.status_code == 200
    assert page.h1.text == "Log in"
    assert told(answer) == INVALID
    assert page.find("input", id="email")["value"] == user.email
    assert page.find("input", type="checkbox").has_attr("checked")
    assert "invalid_password" not in answer.text
    assert "user_token" not in client.session_items()


def test_an_unknown_email_gets_the_same_answer(client, user) -> None:
    known = client.log_in(password="invalid_password")
    unknown = client.log_in("nobody@example.com", password="invalid_password")

    assert (known.status_code, list(known.headers.keys())) == (
        unknown.status_code,
        list(unknown.headers.keys()),
    )
    nonce = BeautifulSoup(known.text, "html.parser").find("input", {"name": "_csrf_token"})["value"]
    other = BeautifulSoup(unknown.text, "html.parser").find("input", {"name": "_csrf_token"})["value"]
    assert known.text.replace(user.email, "*").replace(nonce, "") == unknown.text.replace(
        "nobody@example.com", "*"
    ).replace(other, "")


@pytest.mark.parametrize("email", ["dora@example.com", "nobody@example.com", "", "no email", "x" * 500])
def test_every_log_in_costs_one_hash_of_the_same_work(client, user, monkeypatch, email: str) -> None:
    """A wrong password, the right one of another, an overlong one, an empty one; an account or none."""
    costs: list[bytes] = []
    check = password.bcrypt.checkpw
    monkeypatch.setattr(
        password.bcrypt, "checkpw", lambda given, hashed: costs.append(hashed[:7]) or check(given, hashed)
    )
    for given in ("invalid_password", "hello world?", "x" * 73, "x" * 100_000, "", "\0"):
        assert told(client.log_in(email, given)) == INVALID
    assert costs == [b"$2b$04$"] * 6


@pytest.mark.parametrize("wrong", ["", "x" * 73, "x" * 100_000, "hello world!\0", "\0", "🔥" * 30])
def test_a_password_that_bcrypt_would_not_take_is_a_wrong_one(client, user, wrong: str) -> None:
    answer = client.log_in(password=wrong)
    assert (answer.status_code, told(answer)) == (200, INVALID)


@pytest.mark.parametrize("fields", [{}, {"email": "dora@example.com"}, {"password": "hello world!"}])
def test_a_form_without_its_fields_is_malformed(client, user, fields: dict[str, str]) -> None:
    assert client.submit("/users/log_in", **fields).status_code == 400


def test_the_first_of_repeated_fields_counts(client, user) -> None:
    both = [user.email, "nobody@example.com"]
    assert client.submit("/users/log_in", email=both, password="hello world!").status_code == 302


def test_who_proves_a_password_that_is_changed_meanwhile_stays_outside(
    client, user, sessions, monkeypatch
) -> None:
    def change_then_say_yes(*_: object, **__: object) -> bool:
        with transaction(sessions) as session:
            session.execute(update(User).values(hashed_password=hash_password("another password")))
        return True

    monkeypatch.setattr(views, "valid_password", change_then_say_yes)
    assert told(client.log_in()) == INVALID


def test_no_transaction_is_open_while_the_password_is_checked(app, client, user, monkeypatch) -> None:
    pool = app.extensions["emeter"].database.engine.pool
    open_connections: list[int] = []
    check = password.bcrypt.checkpw

    def watched(*arguments: bytes) -> bool:
        open_connections.append(pool.checkedout())
        return check(*arguments)

    monkeypatch.setattr(password.bcrypt, "checkpw", watched)
    client.log_in()

    assert open_connections == [0]


def test_s07_logging_out(signed_in) -> None:
    answer = signed_in.log_out()

    assert (answer.status_code, answer.location) == (302, "/")
    assert "user_token" not in signed_in.session_items()
    assert "Logged out successfully." in signed_in.get("/").text


def test_s08_logging_out_without_being_logged_in(client) -> None:
    answer = client.log_out()

    assert (answer.status_code, answer.location) == (302, "/")
    assert "user_token" not in client.session_items()
    assert "Logged out successfully." in client.get("/").text


def test_logging_out_is_a_delete_and_never_a_get(signed_in) -> None:
    assert signed_in.get("/users/log_out").status_code == 405
    assert signed_in.get("/users/settings").status_code == 200
    headers = {"X-CSRF-Token": signed_in.csrf_token()}
    assert signed_in.delete("/users/log_out", headers=headers).status_code == 302


def test_when_a_session_was_seen_is_exact_to_a_minute(signed_in, sessions) -> None:
    with transaction(sessions) as session:
        session.execute(update(UserSession).values(seen_at=UserSession.seen_at - timedelta(hours=1)))
    signed_in.get("/")
    with transaction(sessions) as session:
        seen = [each.seen_at - each.inserted_at for each in session.query(UserSession)]
    assert max(seen) >= timedelta(0)


# --- the mail about a device that is not known


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"


@pytest.fixture
def warnings(mails):  # noqa: ANN201 - a function
    """What was mailed about new devices since."""

    def read() -> list[Mail]:
        return [mail for mail in mails() if mail.subject == "New log-in to your account"]

    return read


def log_in_with(browser, agent: str, **more: str) -> None:
    data = {"_csrf_token": browser.csrf_token(), "email": "dora@example.com", "password": "hello world!"}
    answer = browser.post(
        "/users/log_in",
        data=data | more,
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert answer.status_code == 302


def test_a_log_in_from_a_new_device_is_told_by_mail(client, user, warnings) -> None:
    log_in_with(client, FIREFOX)
    (mail,) = warnings()
    assert mail.to == user.email
    assert "Device: Firefox on Linux\nAddress: 192.0.2.7\nTime: " in mail.text
    assert "http://localhost:8000/users/reset_password and" in mail.text
    assert mail.text.count("http://localhost:8000/users/settings") == 1


def test_a_device_is_new_once(client, user, warnings) -> None:
    for _ in range(3):
        log_in_with(client, FIREFOX)
        client.log_out()
    assert len(warnings()) == 1


def test_registration_and_a_changed_password_are_told_as_no_new_device(app, client, warnings) -> None:
    client.register()
    fields = {"current_password": "hello world!", "password": "another long one", "_method": "put"}
    assert client.submit("/users/settings", action="update_password", **fields).status_code == 302
    client.log_out()
    assert client.log_in(password="another long one").status_code == 302
    assert warnings() == []


def test_who_is_remembered_is_no_new_device(client, user, warnings) -> None:
    log_in_with(client, FIREFOX, remember_me="true")
    client.delete_cookie("_e_meter_web_key")
    client.delete_cookie(KNOWN_DEVICES)
    assert client.get("/users/settings").status_code == 200
    assert len(warnings()) == 1


def test_a_device_that_knew_the_old_password_alone_is_new(app, client, user, warnings) -> None:
    log_in_with(client, FIREFOX)
    client.log_out()
    with transaction(app.extensions["emeter"].database.sessions) as session:
        session.execute(update(User).values(hashed_password=hash_password("hello world!", rounds=4)))
    log_in_with(client, FIREFOX)
    assert len(warnings()) == 2


def test_whoever_fails_to_log_in_is_told_about_in_no_mail(client, user, warnings) -> None:
    client.log_in(password="wrong")
    client.log_in("nobody@example.com")
    assert warnings() == []


def test_the_mail_and_the_log_in_are_one_transaction(client, user, warnings, sessions, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(views, "deliver_new_log_in", fail)
    assert client.log_in().status_code == 500
    with transaction(sessions) as session:
        assert session.scalar(select(func.count()).select_from(UserSession)) == 1  # that of registration
    assert warnings() == []
