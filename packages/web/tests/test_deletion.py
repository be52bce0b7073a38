"""An account deleted from its settings: asked on a page, proved with the password, and gone everywhere."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from emeter_core.accounts import Membership, Role, Team, User, UserToken, get_user_by_email, scope_of
from emeter_core.mail import Mail
from emeter_core.monitors import Monitor, create_monitor, draft_monitor
from emeter_core.outbox import Delivery
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.known_device import KNOWN_DEVICES
from emeter_web.session_cookie import REMEMBER_ME

PAGE, PATH, PASSWORD = "/users/settings/delete", "/users/settings", "hello world!"


def delete(browser, current_password: object = PASSWORD) -> TestResponse:
    return browser.submit(PATH, "DELETE", current_password=current_password)


def page_of(answer: TestResponse) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def words(page: BeautifulSoup) -> str:
    return " ".join(page.main.text.split())


@pytest.fixture
def left(sessions: SessionFactory) -> Callable[[], dict[str, int]]:
    """How many there still are."""

    def count() -> dict[str, int]:
        with transaction(sessions) as session:
            return {
                each.__name__: session.scalar(select(func.count()).select_from(each)) or 0
                for each in (User, Team, Monitor, UserToken)
            }

    return count


@pytest.fixture
def add_monitors(sessions: SessionFactory, settings: Settings, user: User) -> Callable[[int], None]:
    """Give the user's team monitors."""

    def add(number: int) -> None:
        with transaction(sessions) as session:
            scope = scope_of(session, user)
            for _ in range(number):
                draft = draft_monitor(target="http://example.com/")
                create_monitor(session, scope, draft, vault=settings.vault(), now=user.inserted_at)

    return add


@pytest.fixture
def confirmed(sessions: SessionFactory, user: User) -> None:
    """The user has followed the link: nobody else is told that the account was deleted."""
    with transaction(sessions) as session:
        session.execute(update(User).where(User.id == user.id).values(confirmed_at=user.inserted_at))


@pytest.fixture
def guest(stranger, sessions: SessionFactory, user: User) -> None:
    """The stranger belongs to the user's team, too."""
    with transaction(sessions) as session:
        other = get_user_by_email(session, "stranger@example.com")
        assert other is not None
        member = Membership(
            team_id=scope_of(session, user).team.id,
            user_id=other.id,
            role=Role.ADMIN,
            inserted_at=user.inserted_at,
        )
        session.add(member)


def test_the_way_there_is_on_the_page_of_settings(signed_in) -> None:
    link = signed_in.page(PATH).find("a", href=PAGE)
    assert link.text == "Delete your account"


def test_it_asks_first_and_says_what_would_go(signed_in, add_monitors) -> None:
    page = signed_in.page(PAGE)
    assert page.h1.text == "Delete your account"
    assert "dora@example.com, the account with all its log-ins" in words(page)
    assert "dora's team, which has no monitors." in words(page)
    form = page.main.find("form")
    assert (form["method"], form["action"]) == ("post", PATH)
    assert form.find("input", {"name": "_method"})["value"] == "delete"
    assert form.find("input", id="current_password")["autocomplete"] == "current-password"
    assert page.main.find("a", string="Keep my account")["href"] == PATH

    add_monitors(3)
    assert "dora's team with 3 monitors, their history" in words(signed_in.page(PAGE))


def test_it_deletes_and_leads_home_logged_out(
    app: Flask, user, confirmed, left, add_monitors, mails: Callable[[], list[Mail]]
) -> None:
    add_monitors(2)
    browser, other = app.test_client(), app.test_client()
    browser.log_in(remember_me="true")
    other.log_in()
    stolen = browser.get_cookie("_e_meter_web_key").value

    answer = delete(browser)

    assert (answer.status_code, answer.location) == (302, "/")
    assert left() == {"User": 0, "Team": 0, "Monitor": 0, "UserToken": 0}
    assert browser.get_cookie(REMEMBER_ME) is None
    assert browser.get_cookie(KNOWN_DEVICES) is None
    assert "user_token" not in browser.session_items()
    home = browser.get("/").text
    assert "Your account was deleted." in home
    assert "Log in" in home
    assert [mail.subject for mail in mails()] == ["Your account was deleted"]
    # All others are logged out as well, and a cookie that was kept is worth nothing.
    assert other.get(PATH).location == "/users/log_in"
    browser.set_cookie("_e_meter_web_key", stolen)
    assert browser.get(PATH).location == "/users/log_in"
    assert "Invalid email or password" in browser.log_in().text
    # The address is free again.
    assert app.test_client().register().status_code == 302


@pytest.mark.parametrize("typed", ["invalid", "", " ", "x" * 100, "\0", PASSWORD.upper()])
def test_a_wrong_password_is_told_at_its_field(signed_in, left, typed: str) -> None:
    before = left()
    page = page_of(delete(signed_in, typed))

    assert page.find(id="current_password-error").text == "is not valid"
    assert page.find(role="alert").text.startswith("Oops")
    assert "value" not in page.find(id="current_password").attrs
    assert left() == before
    assert signed_in.get(PATH).status_code == 200


def test_a_form_without_a_password_is_malformed(signed_in, left) -> None:
    before = left()
    assert signed_in.submit(PATH, "DELETE").status_code == 400
    assert signed_in.submit(PATH, "DELETE", **{"current_password[x]": PASSWORD}).status_code == 400
    assert left() == before


def test_the_only_owner_of_a_team_with_others_is_asked_to_hand_it_over(signed_in, guest, left) -> None:
    before = left()
    for page in (signed_in.page(PAGE), page_of(delete(signed_in))):
        assert "You are the only owner of dora's team." in words(page)
        assert "Hand it over first" in words(page)
        assert page.main.find("form") is None
    assert left() == before
    assert signed_in.get(PATH).status_code == 200


def test_a_guest_is_told_that_the_team_goes_on(stranger, guest, left) -> None:
    assert "dora's team: others belong to it, and go on without you." in words(stranger.page(PAGE))
    assert delete(stranger).location == "/"
    assert (left()["User"], left()["Team"]) == (1, 1)


def test_who_is_not_signed_in_logs_in_first(client, user, left) -> None:
    assert delete(client).location == "/users/log_in"
    assert client.get(PAGE).location == "/users/log_in"
    assert client.log_in().location == PAGE
    assert left()["User"] == 1


def test_without_a_token_or_from_elsewhere_nothing_is_deleted(signed_in, left) -> None:
    data = {"_method": "delete", "current_password": PASSWORD}
    assert signed_in.post(PATH, data=data).status_code == 403
    data["_csrf_token"] = signed_in.csrf_token()
    assert signed_in.post(PATH, data=data, headers={"Origin": "http://evil.example"}).status_code == 403
    assert signed_in.post(PATH, data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert signed_in.get(f"{PAGE}?current_password=hello+world!").status_code == 200
    assert left()["User"] == 1


def test_guesses_are_limited_together_with_those_of_the_other_forms(signed_in, left) -> None:
    fields = {"password": "x", "current_password": "wrong"}
    for _ in range(10):
        assert delete(signed_in, "wrong").status_code == 200
        assert signed_in.submit(PATH, "PUT", action="update_password", **fields).status_code == 200
    assert delete(signed_in).status_code == 429
    assert left()["User"] == 1


def test_no_transaction_is_open_while_the_password_is_hashed(app, signed_in, monkeypatch) -> None:
    pool = app.extensions["emeter"].database.engine.pool
    open_connections: list[int] = []
    monkeypatch.setattr(
        "emeter_core.accounts.deletion.current_password_errors",
        lambda *_: open_connections.append(pool.checkedout()) or ["is not valid"],
    )
    delete(signed_in)
    assert open_connections == [0]


def test_of_two_tabs_that_delete_at_once_both_end_well(app: Flask, confirmed, left, sessions) -> None:
    browsers = [app.test_client() for _ in "12"]
    for browser in browsers:
        browser.log_in()
    answers, together = [], Barrier(2)

    def press(browser) -> None:
        together.wait()
        answers.append(delete(browser))

    threads = [Thread(target=press, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # The second is asked who it is, or told that its password is none any more: as its request came in.
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert "/" in {answer.location for answer in answers}
    assert left() == {"User": 0, "Team": 0, "Monitor": 0, "UserToken": 0}
    with transaction(sessions) as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1


def test_a_last_mail_is_promised_to_a_confirmed_email_alone(signed_in, user, sessions) -> None:
    page = "/users/settings/delete"
    assert "A last mail goes there." not in signed_in.page(page).main.text
    with transaction(sessions) as session:
        session.execute(update(User).where(User.id == user.id).values(confirmed_at=user.inserted_at))
    assert "A last mail goes there." in signed_in.page(page).main.text
