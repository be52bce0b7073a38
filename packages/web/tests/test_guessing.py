"""5,000 guesses at one account, and an office behind one address (reliability.md, R6)."""

import time

import pytest
from flask.testing import FlaskClient

from emeter_web.pace import Pace
from emeter_web.session_cookie import SESSION

EMAIL, PASSWORD = "dora@example.com", "hello world!"
GUESSES, ADDRESSES = 5_000, 50


class Guesser(FlaskClient):
    """Calls the application, for a socket each would take most of the time."""

    def guess(self, token: str, number: int) -> int:
        """One more guess, from one address after the other."""
        return self.post(
            "/users/log_in",
            data={"_csrf_token": token, "email": EMAIL, "password": f"guess {number}"},
            environ_base={"REMOTE_ADDR": f"127.0.0.{2 + number % ADDRESSES}"},
        ).status_code


@pytest.fixture
def guesser(app, client) -> tuple[Guesser, str]:
    """Who guesses, and the token of their form."""
    token, cookie = client.csrf_token(), client.get_cookie(SESSION)
    guesser = Guesser(app, use_cookies=True)
    guesser.set_cookie(SESSION, cookie.value)
    return guesser, token


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused need not wait in a test."""
    monkeypatch.setattr(Pace, "wait", lambda _self: None)


def test_r6_5000_guesses_from_50_addresses_cost_few_hashes_and_the_owner_gets_in_meanwhile(
    guesser, signed_in, hashes
) -> None:
    signed_in.log_out()
    hashes.clear()
    by_guessing, token = guesser
    statuses, owner = [], []
    for number in range(GUESSES):
        statuses.append(by_guessing.guess(token, number))
        if number % 1000 == 500:
            owner.append(signed_in.log_in(EMAIL, PASSWORD).status_code)
            signed_in.log_out()

    assert owner == [302] * 5
    assert statuses == [200] * 20 + [429] * (GUESSES - 20)
    # That they are at most 100 is asked for.
    assert len(hashes) == 20 + len(owner)


def test_r6_who_guesses_does_not_find_out_whether_there_is_an_account(client, user) -> None:
    told = {}
    for email in (EMAIL, "nobody@example.com"):
        data = {"_csrf_token": client.csrf_token(), "email": email, "password": "wrong"}
        answers = [
            client.post("/users/log_in", data=data, environ_base={"REMOTE_ADDR": f"127.0.0.{number % 3 + 2}"})
            for number in range(33)
        ]
        told[email] = [(answer.status_code, sorted(answer.headers.keys())) for answer in answers]
    assert told[EMAIL] == told["nobody@example.com"]


def test_an_office_of_150_behind_one_address_registers_and_logs_in(app) -> None:
    """Each mistypes once, too: 450 requests within minutes."""
    begin = time.monotonic()
    people = [f"person{number}@example.com" for number in range(150)]
    for email in people:
        browser = app.test_client()
        assert browser.register(email).status_code == 302
        browser.log_out()
        assert browser.log_in(email, "mistyped password").status_code == 200
        assert browser.log_in(email).status_code == 302
    assert time.monotonic() - begin < 120
