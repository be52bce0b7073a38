"""How often one may try (reliability.md, R6), with Redis and without (R50)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy.exc import OperationalError

from emeter_core.settings import Settings
from emeter_web import known_device
from emeter_web.limits import LOG_INS
from emeter_web.pace import Pace
from emeter_web.router import GROUPS

TABLES = {str(route): route.limits for group in GROUPS for route in group.routes if route.limits}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused need not wait in a test."""
    monkeypatch.setattr(Pace, "wait", lambda _self: None)


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """A Redis that takes connections and says nothing, as one that was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in taken:
        connection.close()


def guess(browser, times: int, *, email: str = "dora@example.com", address: str = "192.0.2.1") -> list[int]:
    data = {"_csrf_token": browser.csrf_token(), "email": email, "password": "a wrong password"}
    environ = {"REMOTE_ADDR": address}
    return [browser.post("/users/log_in", data=data, environ_base=environ).status_code for _ in range(times)]


def log_in_from(browser, address: str, password: str = "hello world!") -> int:
    data = {"_csrf_token": browser.csrf_token(), "email": "dora@example.com", "password": password}
    return browser.post("/users/log_in", data=data, environ_base={"REMOTE_ADDR": address}).status_code


def test_r6_who_guesses_is_stopped_after_ten(client, user, hashes) -> None:
    assert guess(client, 12) == [200] * 10 + [429] * 2
    assert len(hashes) == 10
    assert log_in_from(client, "192.0.2.1") == 429


@pytest.mark.parametrize("email", ["dora@example.com", "nobody@example.com"])
def test_who_is_stopped_is_told_how_long_to_wait_and_the_way_round(client, user, email: str) -> None:
    guess(client, 10, email=email)
    answer = client.post(
        "/users/log_in",
        data={"_csrf_token": client.csrf_token(), "email": email, "password": "x"},
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    )
    page = BeautifulSoup(answer.text, "html.parser")

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert page.h1.text == "Too many tries"
    assert "Wait 15 min, then try again; or set a new password by mail" in page.text
    assert page.find("a", string="Reset the password")["href"] == "/users/reset_password"


def test_r6_the_owner_gets_in_from_elsewhere(app, client, user) -> None:
    guess(client, 12)
    assert log_in_from(app.test_client(), "192.0.2.2") == 302


def test_the_case_of_the_email_gives_no_more_guesses(client, user) -> None:
    guess(client, 10)
    assert guess(client, 1, email=" DORA@example.com ") == [429]


def test_however_many_addresses_guess_twenty_tries_are_all(app, client, user, hashes) -> None:
    statuses = [status for number in range(5) for status in guess(client, 10, address=f"192.0.2.{number}")]
    assert statuses == [200] * 20 + [429] * 30
    assert len(hashes) == 20
    assert log_in_from(app.test_client(), "203.0.113.1") == 429


def test_who_is_stopped_at_one_account_uses_up_nobodys_tries_at_others(app, client, user, hashes) -> None:
    for number in range(8):
        guess(client, 100, address=f"192.0.2.{number}")
    counted = {limit.scope: 0 for limit in LOG_INS} | counts(app)
    assert counted["log in"] == counted["log ins"] == len(hashes) == 20


def counts(app: Flask) -> dict[str, int]:
    """How many requests are counted, by scope, over all keys."""
    found: dict[str, int] = {}
    for limiter_key in app.extensions["emeter"].redis.keys("*"):
        scope = limiter_key.decode().split("/")[-4]
        found[scope] = found.get(scope, 0) + int(app.extensions["emeter"].redis.get(limiter_key))
    return found


def test_a_success_is_no_guess_and_forgives_none(app, client, user) -> None:
    assert guess(client, 9) == [200] * 9
    assert log_in_from(client, "192.0.2.1") == 302
    assert guess(app.test_client(), 2) == [200, 429]


def test_an_own_account_forgives_no_guess_at_another(app, client, user) -> None:
    client.register("eve@example.com")
    client.log_out()
    attacker = app.test_client()
    statuses = []
    for _ in range(11):
        statuses += guess(attacker, 1)
        assert attacker.log_in("eve@example.com").status_code == 302 or statuses[-1] == 429
        attacker.log_out()
    assert statuses == [200] * 10 + [429]


def test_without_a_cookie_an_account_takes_as_many_log_ins_as_one_likes(app, user) -> None:
    """A script that keeps no cookie logs in each time anew."""
    for _ in range(25):
        assert app.test_client().log_in().status_code == 302


def test_all_together_are_counted_and_known_devices_are_not_among_them(app, client, user) -> None:
    owner = app.test_client()
    owner.log_in()
    owner.log_out()
    assert guess(client, 1, email="somebody@example.com") == [200]
    (counter,) = app.extensions["emeter"].redis.keys("*/everybody/log ins/*")
    app.extensions["emeter"].redis.set(counter, 1500, ex=300)
    assert guess(client, 1, email="somebody@example.com") == [429]
    assert log_in_from(owner, "192.0.2.1") == 302


def test_no_email_gets_to_redis(app, client, user) -> None:
    guess(client, 2)
    client.submit("/users/reset_password", email=user.email)
    client.submit("/users/confirm", email="stranger@example.com")
    keys = b" ".join(app.extensions["emeter"].redis.keys("*"))
    assert b"guess" in keys
    for word in (b"dora", b"stranger", b"example.com"):
        assert word not in keys


def test_limits_are_asked_in_the_order_of_their_table() -> None:
    """flask-limiter sorts them by their unit: with one alone it keeps the order."""
    for table in TABLES.values():
        assert {limit.rate.split()[-1] for limit in table} == {"minutes"}
        assert len({limit.scope for limit in table}) == len(table)


def test_a_database_that_is_away_is_not_taken_for_redis(app, client, user, monkeypatch) -> None:
    client.log_in()
    client.log_out()

    def fail(*_: object) -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(known_device, "get_user_by_email", fail)
    assert client.log_in().status_code == 503
    assert not app.extensions["emeter_limiter"]._storage_dead


def test_redis_that_goes_between_the_count_and_the_success_keeps_nobody_out(
    app, client, user, monkeypatch
) -> None:
    limiter = app.extensions["emeter_limiter"]
    hit = limiter.limiter.hit

    def gone_at_the_end(*given: object, cost: int = 1) -> bool:
        if cost < 0:
            raise redis.ConnectionError
        return hit(*given, cost=cost)

    monkeypatch.setattr(limiter.limiter, "hit", gone_at_the_end)
    assert client.log_in().status_code == 302


def test_one_address_cannot_try_all_addresses(client, hashes) -> None:
    statuses = []
    for number in range(601):
        statuses += guess(client, 1, email=f"person{number}@example.com")
    assert statuses == [200] * 600 + [429]
    assert len(hashes) == 600


def test_of_an_ipv6_network_all_count_together(client, user) -> None:
    guess(client, 10, address="2001:db8::1")
    assert guess(client, 1, address="2001:db8::2") == [429]
    assert guess(client, 1, address="2001:db8:0:1::1") == [200]
    assert guess(client, 1, address="::ffff:192.0.2.7") == [200]


def test_reading_pages_is_not_counted(client) -> None:
    assert {client.get("/users/log_in").status_code for _ in range(30)} == {200}


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_r50_without_redis_pages_go_on_and_the_limits_hold(
    make_app: Callable[[Settings], Flask], settings: Settings, url: str
) -> None:
    app = make_app(settings.model_copy(update={"redis_url": url}))
    browser, owner = app.test_client(), app.test_client()

    assert browser.get("/").status_code == 200
    assert owner.register().status_code == 302
    owner.log_out()
    assert guess(browser, 11) == [200] * 10 + [429]
    assert guess(browser, 11, address="192.0.2.2") == [200] * 10 + [429]
    assert guess(browser, 1, address="192.0.2.3") == [429]
    assert log_in_from(owner, "192.0.2.1") == 302


def test_r50_a_redis_that_says_nothing_holds_up_one_request(
    make_app: Callable[[Settings], Flask], settings: Settings, silent_redis: str
) -> None:
    browser = make_app(settings.model_copy(update={"redis_url": silent_redis})).test_client()

    begin = time.monotonic()
    assert browser.register().status_code == 302
    assert time.monotonic() - begin < 5  # twice half a second, and the work
    browser.log_out()
    assert guess(browser, 11) == [200] * 10 + [429]


def test_r50_what_is_counted_is_counted_in_redis_again_once_it_is_back(
    app, client, user, redis_url, monkeypatch
) -> None:
    limiter = app.extensions["emeter_limiter"]
    guess(client, 3)
    pool = app.extensions["emeter"].redis.connection_pool
    there = dict(pool.connection_kwargs)
    pool.disconnect()
    pool.reset()
    pool.connection_kwargs["path"] = "/nowhere/redis.sock"
    assert guess(client, 1) == [200]
    assert limiter._storage_dead

    pool.reset()
    pool.connection_kwargs.update(there)
    monkeypatch.setattr(limiter, "_Limiter__last_check_backend", 0.0)
    assert guess(client, 8) == [200] * 7 + [429]
    with redis.Redis.from_url(redis_url) as counters:
        assert any(b"guess" in key for key in counters.keys())  # noqa: SIM118 - Redis is no dict
