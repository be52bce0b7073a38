"""How often one may try (reliability.md, R6), with Redis and without (R50)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from bs4 import BeautifulSoup
from flask import Flask

from emeter_core.accounts import password
from emeter_core.settings import Settings


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


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The passwords that were held against a hash."""
    held: list[bytes] = []
    check = password.bcrypt.checkpw
    monkeypatch.setattr(
        password.bcrypt, "checkpw", lambda given, hashed: held.append(given) or check(given, hashed)
    )
    return held


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


def test_who_is_stopped_is_told_how_long_to_wait(client, user) -> None:
    guess(client, 10)
    answer = client.post(
        "/users/log_in",
        data={"_csrf_token": client.csrf_token(), "email": "dora@example.com", "password": "x"},
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    )
    page = BeautifulSoup(answer.text, "html.parser")

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "300"
    assert page.h1.text == "Too many tries"
    assert "Wait 5 min, then try again." in page.text


def test_r6_the_owner_gets_in_from_elsewhere(app, client, user) -> None:
    guess(client, 12)
    assert log_in_from(app.test_client(), "192.0.2.2") == 302


def test_the_case_of_the_email_gives_no_more_guesses(client, user) -> None:
    guess(client, 10)
    assert guess(client, 1, email=" DORA@example.com ") == [429]


def test_who_gets_in_is_forgiven_the_tries_before(app, client, user) -> None:
    assert guess(client, 9) == [200] * 9
    assert log_in_from(client, "192.0.2.1") == 302
    assert guess(app.test_client(), 10) == [200] * 10


def test_an_office_of_150_behind_one_address_registers_and_logs_in(app) -> None:
    """Each mistypes once, too: 450 requests within minutes."""
    people = [f"person{number}@example.com" for number in range(150)]
    for email in people:
        browser = app.test_client()
        assert browser.register(email).status_code == 302
        browser.log_out()
        assert browser.log_in(email, "mistyped password").status_code == 200
        assert browser.log_in(email).status_code == 302


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


def test_mails_to_one_address_are_few(client, user) -> None:
    answers = [client.submit("/users/confirm", email=user.email).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]


def test_reading_pages_is_not_counted(client) -> None:
    assert {client.get("/users/log_in").status_code for _ in range(30)} == {200}


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_r50_without_redis_pages_go_on_and_the_limits_hold(
    make_app: Callable[[Settings], Flask], settings: Settings, url: str
) -> None:
    browser = make_app(settings.model_copy(update={"redis_url": url})).test_client()

    assert browser.get("/").status_code == 200
    assert browser.register().status_code == 302
    browser.log_out()
    assert guess(browser, 11) == [200] * 10 + [429]
    assert log_in_from(browser, "192.0.2.2") == 302


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
