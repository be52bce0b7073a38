"""The cookie that keeps an owner's way to the door (reliability.md, R6): it lets nobody in."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, Response
from itsdangerous import TimestampSigner
from sqlalchemy import update

from emeter_core.accounts import User, hash_password
from emeter_core.settings import Settings
from emeter_storage.engine import transaction
from emeter_web.known_device import KNOWN_DEVICES, remember_device

EMAIL, PASSWORD = "dora@example.com", "hello world!"


def try_from(browser, address: str, password: str = "wrong", email: str = EMAIL) -> int:
    data = {"_csrf_token": browser.csrf_token(), "email": email, "password": password}
    return browser.post("/users/log_in", data=data, environ_base={"REMOTE_ADDR": address}).status_code


def value_of(browser) -> str:
    cookie = browser.get_cookie(KNOWN_DEVICES)
    return cookie.value if cookie else ""


@pytest.fixture
def hammer(app: Flask) -> Callable[[], list[int]]:
    """Guess at Dora's account from three addresses until no more is hashed."""
    browser = app.test_client()
    return lambda: [try_from(browser, f"198.51.100.{number % 3}") for number in range(33)]


@pytest.fixture
def known(signed_in):  # noqa: ANN201 - a Browser
    """Dora's own browser, in which she is logged out."""
    signed_in.log_out()
    return signed_in


def test_the_owner_gets_in_while_others_guess_and_nobody_else_does(app, known, hammer) -> None:
    assert hammer().count(200) == 20
    assert try_from(app.test_client(), "192.0.2.1", PASSWORD) == 429
    assert try_from(known, "198.51.100.1", PASSWORD) == 302


def test_the_cookie_is_for_nobody_but_us(app, client, user) -> None:
    answer = client.log_in()
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(KNOWN_DEVICES)]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=15552000"} <= set(cookie.split("; "))
    assert EMAIL not in cookie


def test_on_https_it_is_bound_to_the_host(make_app, settings: Settings, user) -> None:
    app, response = make_app(settings.model_copy(update={"base_url": "https://meter.example"})), Response()
    with app.test_request_context():
        remember_device(response, user)
    assert response.headers["Set-Cookie"].startswith(f"__Host-{KNOWN_DEVICES}=")
    assert "Secure" in response.headers["Set-Cookie"].split("; ")


def test_it_lets_nobody_in(app, known) -> None:
    thief = app.test_client()
    thief.set_cookie(KNOWN_DEVICES, value_of(known))
    assert thief.get("/users/settings").status_code == 302
    assert try_from(thief, "192.0.2.9") == 200


def test_a_stolen_one_gives_ten_tries_more_wherever_it_goes(app, known, hammer, hashes) -> None:
    hammer()
    hashes.clear()
    for number in range(30):
        thief = app.test_client()
        thief.set_cookie(KNOWN_DEVICES, value_of(known))
        try_from(thief, f"203.0.113.{number}")
    assert len(hashes) == 10


def test_to_log_in_again_gives_no_new_count(app, known, hashes) -> None:
    """An account of one's own is no source of hashes without end."""
    statuses = []
    for _ in range(12):
        statuses.append(try_from(known, "192.0.2.1", PASSWORD))
        known.log_out()
    assert statuses == [302] * 10 + [429] * 2
    assert len(hashes) == 10


def test_many_known_devices_of_one_account_are_no_source_of_hashes_either(app, user, hashes) -> None:
    """Each log-in without a cookie makes one more, good for half a year."""
    devices = [app.test_client() for _ in range(12)]
    for device in devices:
        assert device.log_in().status_code == 302
        device.log_out()
    hashes.clear()
    tries = [try_from(device, f"198.51.100.{number}") for device in devices for number in range(5)]
    assert tries == [200] * 30 + [429] * 30
    assert len(hashes) == 30
    # And an own account's does not stop others.
    app.test_client().register("eve@example.com")
    eve = app.test_client()
    assert eve.log_in("eve@example.com").status_code == 302


def test_known_devices_at_one_address_are_counted_apart_from_all_others(app, known) -> None:
    redis = app.extensions["emeter"].redis
    assert try_from(app.test_client(), "192.0.2.1") == 200
    (others,) = redis.keys("*/192.0.2.1/log in/*")
    redis.set(others, 601, ex=300)
    assert try_from(app.test_client(), "192.0.2.1", PASSWORD) == 429
    assert try_from(known, "192.0.2.1") == 200

    (counter,) = redis.keys("*/192.0.2.1/known log in/*")
    redis.set(counter, 600, ex=300)
    assert try_from(known, "192.0.2.1", PASSWORD) == 429
    assert try_from(known, "192.0.2.2", PASSWORD) == 302


def test_another_account_is_not_known_by_it(app, known, hammer) -> None:
    known.register("eve@example.com")
    known.log_out()
    eve = app.test_client()
    eve.log_in("eve@example.com")
    eve.log_out()
    hammer()
    assert try_from(eve, "192.0.2.1", PASSWORD) == 429
    assert try_from(known, "192.0.2.1", PASSWORD) == 302


def test_a_family_at_one_computer_is_known_each_by_themselves(app, client, hashes) -> None:
    people = [f"person{number}@example.com" for number in range(7)]
    for email in people:
        assert client.register(email).status_code == 302
        client.log_out()
    attacker = app.test_client()
    for number in range(7 * 21):
        try_from(attacker, f"198.51.100.{number % 3}", email=people[number // 21])
    # The one who was there first, of seven, is the one too many.
    for email in people[1:]:
        assert try_from(client, "192.0.2.1", PASSWORD, email) == 302
        client.log_out()
    assert try_from(client, "192.0.2.1", PASSWORD, people[0]) == 429
    assert len(value_of(client)) < 1000


def test_it_is_refused_when_it_was_changed_or_made_by_others(app, known, hammer) -> None:
    hammer()
    good = value_of(known)
    said = good.split(".")[0]
    forged = TimestampSigner("another key", salt=KNOWN_DEVICES).sign(said).decode()
    wrong_salt = TimestampSigner(app.secret_key, salt=KNOWN_DEVICES).sign(said).decode()
    half = known.application.extensions["emeter_known_devices"].signer.sign(said[:20]).decode()
    for value in ["", "~", "x", forged, wrong_salt, half, good[:-1], "A" + good, good.replace(".", "~"), "ä"]:
        browser = app.test_client()
        browser.set_cookie(KNOWN_DEVICES, value)
        assert try_from(browser, "192.0.2.1", PASSWORD) == 429, value


@pytest.mark.parametrize(("late_s", "status"), [(-60, 302), (60, 429)])
def test_it_is_good_for_180_days(known, hammer, monkeypatch, late_s: int, status: int) -> None:
    hammer()
    then = int(time.time() + timedelta(days=180).total_seconds() + late_s)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: then)
    assert try_from(known, "192.0.2.1", PASSWORD) == status


def test_it_is_good_after_the_key_was_changed(make_app, settings: Settings, known, hammer) -> None:
    hammer()
    changed = {"secret_key": "another secret of the tests, as long", "secret_key_old": settings.secret_key}
    app = make_app(settings.model_copy(update=changed))
    attacker, browser = app.test_client(), app.test_client()
    browser.set_cookie(KNOWN_DEVICES, value_of(known))
    for number in range(33):
        try_from(attacker, f"198.51.100.{number % 3}")
    assert try_from(browser, "192.0.2.1", PASSWORD) == 302


def test_with_another_password_devices_that_had_the_old_one_are_strangers(
    app, known, hammer, sessions
) -> None:
    """Whoever was in once keeps no count of their own for ever."""
    with transaction(sessions) as session:
        session.execute(update(User).values(hashed_password=hash_password(PASSWORD, rounds=4)))
    hammer()
    assert try_from(known, "192.0.2.1", PASSWORD) == 429


def test_the_device_that_changed_the_password_is_still_known(known, hammer) -> None:
    known.log_in()
    fields = {"current_password": PASSWORD, "password": "another long one", "_method": "put"}
    assert known.submit("/users/settings", action="update_password", **fields).status_code == 302
    known.log_out()
    hammer()
    assert try_from(known, "192.0.2.1", "another long one") == 302


def test_whoever_sets_a_new_password_by_mail_gets_in(app, user, hammer, mailed_paths) -> None:
    """The way in for an owner on a device that nobody knows."""
    hammer()
    browser = app.test_client()
    assert try_from(browser, "192.0.2.1", PASSWORD) == 429
    browser.submit("/users/reset_password", email=EMAIL)
    answer = browser.submit(mailed_paths()[-1], "PUT", password="another long one")
    assert (answer.status_code, answer.location) == (302, "/users/log_in")
    assert try_from(browser, "192.0.2.1", "another long one") == 302


def test_who_has_no_cookie_costs_no_question_to_the_database(client, user, hammer, count_queries) -> None:
    hammer()
    with count_queries() as queries:
        assert try_from(client, "198.51.100.1") == 429
    assert len(queries) == 0, queries
