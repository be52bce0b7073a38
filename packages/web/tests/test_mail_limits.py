"""Mails that somebody else asks for: few to one address, and never too many for its owner to be mailed."""

from collections import Counter
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from emeter_core.accounts import User
from emeter_core.outbox import Delivery
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.pace import Pace

EMAIL, PASSWORD, NEW = "dora@example.com", "hello world!", "another long one"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused need not wait in a test."""
    monkeypatch.setattr(Pace, "wait", lambda _self: None)


@pytest.fixture
def told(sessions: SessionFactory) -> Callable[[], Counter[str]]:
    """How many mails were queued, by what they tell."""

    def count() -> Counter[str]:
        with transaction(sessions) as session:
            return Counter(session.scalars(select(Delivery.event)))

    return count


def ask(browser, path: str, email: str, address: str, **fields: str) -> TestResponse:
    data = {"_csrf_token": browser.csrf_token(), "email": email, **fields}
    return browser.post(path, data=data, environ_base={"REMOTE_ADDR": address})


def register(app, email: str, password: str = PASSWORD) -> int:
    """Register in a new browser, and delete the account again where there is one."""
    browser = app.test_client()
    status = browser.register(email, password).status_code
    if status == 302:
        browser.submit("/users/settings", "DELETE", current_password=password)
    return status


@pytest.mark.parametrize("path", ["/users/reset_password", "/users/confirm"])
def test_who_asks_for_too_many_mails_is_told_to_wait(client, user, path: str) -> None:
    answers = [client.submit(path, email=user.email) for _ in range(6)]
    page = BeautifulSoup(answers[-1].text, "html.parser")
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "300"
    assert "Wait 5 min, then try again." in page.text
    assert page.find("a", string="Reset the password") is None


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_mails_to_one_address_are_few_however_many_ask_and_nobody_is_told_so(
    client, user, told, email: str
) -> None:
    answers = [
        ask(client, path, email, f"192.0.2.{number}")
        for number in range(11)
        for path in ("/users/confirm", "/users/reset_password")
    ]
    assert {(answer.status_code, answer.location) for answer in answers} == {(302, "/")}
    # The first of the confirmations went with the registration.
    most = {"account.confirmation": 5, "account.password_reset": 5}
    assert told() == (most if email == EMAIL else {"account.confirmation": 1})


def test_nobody_keeps_the_owner_from_a_reset_by_asking_for_other_mails(
    app, client, user, sessions, told
) -> None:
    with transaction(sessions) as session:
        session.execute(update(User).values(confirmed_at=User.inserted_at))
    for number in range(20):
        ask(client, "/users/confirm", EMAIL, f"198.51.100.{number // 5}")
    assert ask(app.test_client(), "/users/reset_password", EMAIL, "192.0.2.77").status_code == 302
    assert told()["account.password_reset"] == 1


def test_nobody_keeps_the_owner_from_a_reset_by_asking_for_resets(
    app, client, user, told, mailed_paths
) -> None:
    """The links that others asked for are in their mailbox, and once one is used there is room again."""
    for number in range(40):
        assert ask(client, "/users/reset_password", EMAIL, f"198.51.100.{number // 5}").status_code == 302
    owner = app.test_client()
    assert ask(owner, "/users/reset_password", EMAIL, "192.0.2.77").status_code == 302
    assert owner.submit(mailed_paths()[-1], "PUT", password=NEW).location == "/users/log_in"
    assert owner.log_in(EMAIL, NEW).status_code == 302

    ask(client, "/users/reset_password", EMAIL, "192.0.2.78")
    assert told()["account.password_reset"] == 6


def test_who_registers_and_deletes_again_and_again_mails_nobody(app, told) -> None:
    statuses = [register(app, "victim@example.com") for _ in range(8)]
    assert statuses == [302] * 5 + [429] * 3
    assert told() == {}


def test_what_stands_after_a_plus_makes_no_other_mailbox(app, told) -> None:
    statuses = [
        app.test_client().register(f"victim{tag}@example.com").status_code
        for tag in ("", "+1", "+2", "+2+3", "+", "+6")
    ]
    assert statuses == [302] * 5 + [429]
    assert told() == {"account.confirmation": 5}
    # Whoever else is there registers.
    assert app.test_client().register("victim@example.org").status_code == 302


def test_who_is_refused_a_password_may_look_for_a_better_one(app) -> None:
    assert {register(app, EMAIL, "password1234") for _ in range(10)} == {200}
    assert register(app, EMAIL) == 302


def test_an_address_is_asked_few_times_whether_an_account_shall_be_its_own(signed_in, told) -> None:
    def change(email: str, current_password: str = PASSWORD) -> int:
        fields = {"email": email, "current_password": current_password}
        return signed_in.submit("/users/settings", "PUT", action="update_email", **fields).status_code

    assert [change("victim@example.com", "wrong") for _ in range(2)] == [200] * 2
    assert [change(f"victim+{number}@example.com") for number in range(6)] == [302] * 5 + [429]
    assert told()["account.email_change"] == 5
    assert change("somebody@example.com") == 302


def test_a_team_tests_its_mail_ten_times_in_five_minutes(client, user, app) -> None:
    client.log_in()
    client.submit("/alerts/webhook", "PUT", url="https://hooks.example.com/")
    mails = [client.submit("/alerts/mail/tests").status_code for _ in range(11)]
    assert mails == [303] * 10 + [429]
    assert client.submit("/alerts/webhook/tests").status_code == 303
    stranger = app.test_client()
    stranger.register("stranger@example.com")
    assert stranger.submit("/alerts/mail/tests").status_code == 303
