"""The current password, asked for in the settings: not found out there, and no source of hashes (R6)."""

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from emeter_web.limits import PROOFS
from emeter_web.pace import Pace

PATH, PASSWORD = "/users/settings", "hello world!"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused need not wait in a test."""
    monkeypatch.setattr(Pace, "wait", lambda _self: None)


def prove(browser, number: int, typed: str = "wrong", **fields: str) -> TestResponse:
    """Ask for a deletion, or for what `fields` say, from one of ten addresses."""
    fields = fields or {"_method": "delete"}
    data = {"_csrf_token": browser.csrf_token(), "current_password": typed, **fields}
    return browser.post(PATH, data=data, environ_base={"REMOTE_ADDR": f"198.51.100.{number % 10}"})


def change_password(browser, number: int, typed: str = PASSWORD) -> int:
    fields = {"_method": "put", "action": "update_password", "password": PASSWORD}
    return prove(browser, number, typed, **fields).status_code


def test_from_however_many_addresses_twenty_tries_are_all(signed_in, hashes) -> None:
    hashes.clear()
    statuses = [prove(signed_in, number).status_code for number in range(100)]
    assert statuses == [200] * 20 + [429] * 80
    assert len(hashes) == 20


def test_others_prove_who_they_are_meanwhile(signed_in, stranger) -> None:
    for number in range(21):
        prove(signed_in, number)
    assert change_password(stranger, 0) == 302


def test_a_proof_forgives_itself_and_no_guess(signed_in) -> None:
    assert [change_password(signed_in, number) for number in range(25)] == [302] * 25
    assert {prove(signed_in, number).status_code for number in range(19)} == {200}
    assert change_password(signed_in, 0) == 302
    assert [prove(signed_in, number).status_code for number in range(2)] == [200, 429]


def test_who_knows_the_password_has_no_hashes_without_end(signed_in) -> None:
    assert [change_password(signed_in, number) for number in range(62)] == [302] * 60 + [429] * 2


@pytest.mark.parametrize(("password", "tries", "minutes"), [("wrong", 20, 15), (PASSWORD, 60, 60)])
def test_who_is_stopped_is_told_what_was_too_often_and_what_else_there_is(
    signed_in, password: str, tries: int, minutes: int
) -> None:
    for number in range(tries):
        change_password(signed_in, number, password)
    answer = prove(signed_in, 0)
    words = " ".join(BeautifulSoup(answer.text, "html.parser").main.text.split())

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(minutes * 60))
    assert "The password of this account was asked for too often in its settings." in words
    assert f"Wait {minutes} min, then try again; or log out, and set a new password by mail." in words


def test_all_proofs_together_are_counted(app, signed_in, stranger) -> None:
    prove(signed_in, 0)
    (counter,) = app.extensions["emeter"].redis.keys("*/everybody/all proofs/*")
    assert "all proofs" in {limit.scope for limit in PROOFS}
    app.extensions["emeter"].redis.set(counter, 1500, ex=300)
    assert prove(stranger, 1).status_code == 429
