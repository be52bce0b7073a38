"""What limits count, what they leave alone, and what is open meanwhile."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from emeter_core.accounts import password
from emeter_web.pace import Pace
from emeter_web.router import GROUPS
from emeter_web.user_auth import capability

EMAIL, PASSWORD = "dora@example.com", "hello world!"
# A limited route, and what is sent to it by whom: so that it succeeds where that mails, forgives or deletes.
REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "POST /users/register": ("nobody", {"email": "eve@example.com", "password": PASSWORD}),
    "POST /users/log_in": ("nobody", {"email": EMAIL, "password": PASSWORD}),
    "POST /users/reset_password": ("nobody", {"email": EMAIL}),
    "PUT /users/settings": ("owner", {"action": "update_email", "email": "d@example.com"}),
    "DELETE /users/settings": ("owner", {}),
    "POST /alerts/<kind>/tests": ("owner", {}),
    "POST /users/confirm": ("owner", {"email": EMAIL}),
}
# Where a token is the proof nobody is looked up before the limit is asked, and there is no form.
LIMITED = {
    str(route): route
    for group in GROUPS
    if group.guard is not capability
    for route in group.routes
    if route.limits
}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused need not wait in a test."""
    monkeypatch.setattr(Pace, "wait", lambda _self: None)


@pytest.fixture
def counted(app: Flask) -> Callable[[], dict[str, int]]:
    """How many requests are counted, by scope, over all keys; scopes without any are left out."""
    redis = app.extensions["emeter"].redis

    def count() -> dict[str, int]:
        found: dict[str, int] = {}
        for key in redis.keys("*"):
            scope = key.decode().split("/")[-4]
            found[scope] = found.get(scope, 0) + int(redis.get(key))
        return {scope: number for scope, number in found.items() if number}

    return count


def send(browser, route: str, current_password: str = PASSWORD, **more: str) -> int:
    """Fill in the form of a limited route."""
    method, path = route.replace("<kind>", "mail").split()
    fields = {"current_password": current_password} | REQUESTS[route][1] | more
    return browser.submit(path, method, **fields).status_code


def test_these_are_the_limited_routes() -> None:
    assert set(REQUESTS) == set(LIMITED)


@pytest.mark.parametrize("route", REQUESTS)
@pytest.mark.parametrize("device", ["known", "unknown"])
def test_no_transaction_is_open_while_redis_is_asked(
    app: Flask, client, signed_in, monkeypatch, route: str, device: str
) -> None:
    """It may take half a second: twenty of them would have all connections."""
    browser = signed_in
    if REQUESTS[route][0] == "nobody":
        signed_in.log_out()
        browser = signed_in if device == "known" else client
    pool, limiter = app.extensions["emeter"].database.engine.pool, app.extensions["emeter_limiter"]
    open_connections: list[int] = []
    incr = limiter.storage.incr

    def watched(*given: object, **more: int) -> int:
        open_connections.append(pool.checkedout())
        return incr(*given, **more)

    monkeypatch.setattr(limiter.storage, "incr", watched)
    assert send(browser, route) in {302, 303}
    assert len(open_connections) >= 2
    assert set(open_connections) == {0}


@pytest.mark.parametrize(
    "route", ["POST /users/register", "POST /users/log_in", "PUT /users/settings", "DELETE /users/settings"]
)
def test_who_is_told_that_too_many_are_hashed_was_not_counted(
    app: Flask, client, signed_in, counted, monkeypatch, route: str
) -> None:
    browser = client if REQUESTS[route][0] == "nobody" else signed_in
    before = counted()
    with monkeypatch.context() as patched:
        patched.setattr(password.SLOTS, "_present", 50)
        assert {send(browser, route) for _ in range(25)} == {503}
    assert counted() == before
    assert send(browser, route) == 302


@pytest.mark.parametrize(
    ("route", "scope", "most"),
    [
        ("POST /users/register", "register", 600),
        ("POST /users/log_in", "log in", 600),
        ("POST /users/confirm", "mail", 60),
        ("POST /users/reset_password", "reset", 60),
    ],
)
def test_an_address_that_is_stopped_leaves_no_trace_of_the_emails_it_makes_up(
    app: Flask, client, route: str, scope: str, most: int
) -> None:
    redis = app.extensions["emeter"].redis
    send(client, route, email="x@example.com", password="wrong")
    (counter,) = redis.keys(f"*/{scope}/*")
    redis.set(counter, most + 1, ex=300)
    before = set(redis.keys("*"))
    statuses = {send(client, route, email=f"x{number}@example.com", password="wrong") for number in range(30)}
    assert statuses == {429}
    assert set(redis.keys("*")) == before
    assert redis.get(counter) == str(most + 1).encode()


def test_who_is_stopped_at_one_account_uses_up_nobodys_tries_at_others(client, user, counted, hashes) -> None:
    before = counted()
    for _ in range(60):
        send(client, "POST /users/log_in", password="wrong")
    assert len(hashes) == 10
    assert counted()["log in"] == before.get("log in", 0) + 10
    assert counted()["log ins"] == before.get("log ins", 0) + 10


def test_of_many_who_come_at_once_no_more_get_through(app: Flask, user, hashes) -> None:
    """To ask first is not to count: what counts is counted by all."""
    redis = app.extensions["emeter"].redis
    send(app.test_client(), "POST /users/log_in", email="x@example.com", password="wrong")
    (counter,) = redis.keys("*/log in/*")
    redis.set(counter, 595, ex=300)
    hashes.clear()

    def guess(number: int) -> None:
        send(app.test_client(), "POST /users/log_in", email=f"x{number}@example.com", password="wrong")

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 5
